#include "auditor/certified.h"

#include "proto/utc.h"

static enum vouching_chain check_all(const struct vouching_trust *t,
    const struct signercerts *certificates, struct receipt_check *receipt,
    struct vouching_found *out);
static enum outcome tell(enum vouching_chain chain, const struct receipt_check *receipt,
    const struct vouching_found *found, const struct findings *f);

enum outcome
certified_check(const struct vouching_trust *t, const struct signercerts *certificates,
    struct receipt_check *receipt, const struct findings *f, struct vouching_found *out)
{
	const char *path = signercert_path(receipt->by);
	enum vouching_chain chain;

	if (signercert_is_key_alone(receipt->by))
		return findings_step(f, "ca", OUTCOME_UNKNOWN,
		    "%s is a key without a certificate, which no CA stands behind: give its "
		    "certificate, with the CAs' behind it in the file",
		    path);
	chain = check_all(t, certificates, receipt, out);
	if (chain != VOUCHING_GOOD)
		return tell(chain, receipt, out, f);
	/* Else every certificate of this CA's would do as well. */
	if (!signercert_names_origin(receipt->by, receipt->checkpoint.origin))
		return findings_step(f, "ca", OUTCOME_UNKNOWN,
		    "%s stands behind %s, which does not name %s: a CA says whose key it is by "
		    "the names in the certificate",
		    out->ca_name, signercert_path(receipt->by), receipt->checkpoint.origin);
	return tell(chain, receipt, out, f);
}

static enum vouching_chain
check_all(const struct vouching_trust *t, const struct signercerts *certificates,
    struct receipt_check *receipt, struct vouching_found *out)
{
	const struct digest *key = signercert_key_digest(receipt->by);
	enum vouching_chain best =
	    vouching_trust_check(t, NULL, signercert_chain(receipt->by), receipt->issued_s, out);

	for (size_t i = 0; i < certificates->count; i++) {
		const struct signercert *c = certificates->certificate[i];
		struct vouching_found found;
		enum vouching_chain one;

		if (c == receipt->by || signercert_is_key_alone(c) ||
		    !digest_equal(signercert_key_digest(c), key))
			continue;
		one = vouching_trust_check(t, NULL, signercert_chain(c), receipt->issued_s, &found);
		/* It is one key, whichever of its certificates says that others may have it. */
		found.taken = vouching_taken_earlier(found.taken, out->taken);
		if (one < best) {
			best = one;
			*out = found;
			receipt->by = c;
		}
		out->taken = found.taken;
	}
	return best;
}

static enum outcome
tell(enum vouching_chain chain, const struct receipt_check *receipt,
    const struct vouching_found *found, const struct findings *f)
{
	const char *path = signercert_path(receipt->by), *colon = found->at_fault[0] ? ": " : "";
	char issued[UTC_TEXT_SIZE], since[UTC_TEXT_SIZE];

	(void)utc_text(receipt->issued_s, issued);
	if (found->taken.is)
		findings_warn(f, "ca",
		    "revoked since %s because others may have the key, or a CA's behind it: the "
		    "entry's time is the word of whoever has it",
		    utc_text(found->taken.since_s, since));
	switch (chain) {
	case VOUCHING_GOOD:
		return findings_step(f, "ca", OUTCOME_GOOD,
		    "%s stands behind %s, as of %s, when the entry was made", found->ca_name, path,
		    issued);
	case VOUCHING_REVOKED:
		return findings_step(f, "ca", OUTCOME_BAD,
		    "%s stood behind %s, and not any more at %s, when the entry was made: %s",
		    found->ca_name, path, issued, found->reason);
	case VOUCHING_INVALID:
		return findings_step(f, "ca", OUTCOME_UNKNOWN,
		    "%s stands behind %s, but not as of %s, when the entry was made: %s%s%s; give "
		    "the certificates that were valid then",
		    found->ca_name, path, issued, found->reason, colon, found->at_fault);
	case VOUCHING_UNKNOWN:
	case VOUCHING_FOREIGN:
		break;
	}
	return findings_step(f, "ca", OUTCOME_UNKNOWN,
	    "no CA that was named stands behind %s: %s%s%s; the certificates between them belong "
	    "behind the log's, in its file",
	    path, found->reason, colon, found->at_fault);
}

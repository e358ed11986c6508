#include "log/receipt_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/json/json_extensions.h"
#include "proto/utc.h"

/* What all kinds of entry say. */
struct said {
	const char *what;
	struct view issuer;
	uint64_t issued_s;
	struct view extensions, known; /* the key of one of them that is; or size 0 */
};

static void tell_format(const struct receipt_check *c, const struct findings *f);
static void find_line(const struct signercerts *certificates, struct receipt_check *c);
static enum outcome check_inclusion(struct receipt_check *c, const struct findings *f);
static enum outcome check_entry(
    const struct signercerts *certificates, struct receipt_check *c, const struct findings *f);
static enum err read_entry(struct receipt_check *c, struct said *said);

enum outcome
receipt_check_run(const struct seal_wanted *wanted, struct view bytes, const struct view *report,
    const struct findings *f, struct receipt_check *out)
{
	struct checkpoint again;
	struct seal seal;
	enum outcome o;
	enum err e;

	memset(out, 0, sizeof(*out));
	out->storage = BUF_INIT;
	if ((e = receipt_check_parse(bytes, &out->storage, &out->proof)) != ERR_OK)
		return findings_step(f, "format", outcome_of_error(e),
		    "expected a receipt in the form c2sp.org/tlog-proof@v1, and in no other "
		    "spelling: "
		    "%s",
		    err_text(e));
	if ((o = receipt_check_entry(&out->proof, report, f, &out->entry)) != OUTCOME_GOOD)
		return o;
	find_line(&wanted->certificates, out);
	out->parsed = true;
	tell_format(out, f);
	if ((o = seal_check(wanted, out->proof.note, f, &seal)) != OUTCOME_GOOD)
		return o;
	out->sealed = true;
	out->checkpoint = seal.checkpoint;
	out->by = seal.by;
	o = check_inclusion(out, f);
	/* Two ways to the same answer, or the program is broken. */
	if (o == OUTCOME_GOOD &&
	    tlogproof_verify(&out->proof, out->entry, seal.verifier, &again) != ERR_OK)
		abort();
	seal_free(&seal);
	out->included = o == OUTCOME_GOOD;
	return o == OUTCOME_GOOD ? check_entry(&wanted->certificates, out, f) : o;
}

enum err
receipt_check_parse(struct view bytes, struct buf *storage, struct tlogproof *out)
{
	const struct view start = VIEW_LITERAL("c2sp.org/tlog-proof@v");
	struct view rest = bytes, line;
	uint64_t version;
	enum err e = tlogproof_parse(bytes, storage, out);

	if (e != ERR_UNSUPPORTED)
		return e;
	if (line_next(&rest, &line) != ERR_OK || line.size < start.size ||
	    memcmp(line.data, start.data, start.size) != 0)
		return ERR_FORMAT;
	line.data += start.size;
	line.size -= start.size;
	return decimal_decode(line, &version) == ERR_OK && version > 1 ? e : ERR_FORMAT;
}

enum outcome
receipt_check_entry(const struct tlogproof *p, const struct view *report, const struct findings *f,
    struct view *entry)
{
	if (report == NULL && !p->has_extra)
		return findings_step(f, "report", OUTCOME_UNKNOWN,
		    "the proof is of index %" PRIu64 " and has no report in it (no line "
		    "\"extra\"): give the file with the report's bytes, --report FILE",
		    p->index);
	if (report != NULL && p->has_extra && !view_equal(*report, p->extra))
		return findings_step(f, "report", OUTCOME_BAD,
		    "the receipt has a report of %zu bytes in it, and the file given beside it, of "
		    "%zu bytes, is another",
		    p->extra.size, report->size);
	*entry = p->has_extra ? p->extra : *report;
	return OUTCOME_GOOD;
}

void
receipt_check_free(struct receipt_check *c)
{
	report_document_free(&c->report);
	absence_document_free(&c->absence);
	notice_document_free(&c->notice);
	buf_free(&c->storage);
}

static void
tell_format(const struct receipt_check *c, const struct findings *f)
{
	(void)findings_step(f, "format", OUTCOME_GOOD,
	    "canonical: entry of %zu bytes%s, index %" PRIu64 ", %zu hash%s, signed checkpoint",
	    c->entry.size, c->proof.has_extra ? "" : " beside it", c->proof.index,
	    c->proof.proof.count, c->proof.proof.count == 1 ? "" : "es");
}

static void
find_line(const struct signercerts *certificates, struct receipt_check *c)
{
	struct note_verifier *v = NULL;
	struct note n;

	c->scheme = NOTE_ECDSA;
	if (note_parse(c->proof.note, &n) == ERR_OK &&
	    signercerts_verifier(certificates, &n, &c->by, &c->line, &v) == ERR_OK &&
	    !note_verifier_scheme(v, n.signature[c->line].key_id, &c->scheme))
		abort(); /* it was found by this ID */
	note_verifier_free(&v);
}

static enum outcome
check_inclusion(struct receipt_check *c, const struct findings *f)
{
	const bool line_feed =
	    !c->proof.has_extra && c->entry.size > 0 && c->entry.data[c->entry.size - 1] == '\n';
	char leaf[DIGEST_HEX_SIZE + 1], root[DIGEST_HEX_SIZE + 1];

	merkle_leaf(c->entry, &c->leaf);
	digest_to_hex(&c->leaf, leaf);
	digest_to_hex(&c->checkpoint.root, root);
	(void)findings_step(f, "leaf", OUTCOME_GOOD, "sha256(00 || entry) = %s", leaf);
	if (merkle_verify_inclusion(&c->leaf, c->proof.index, c->checkpoint.size,
		&c->checkpoint.root, &c->proof.proof) != ERR_OK)
		return findings_step(f, "inclusion", OUTCOME_BAD,
		    "expected root %s of %" PRIu64 " leaves: index %" PRIu64
		    " and %zu hashes do not lead there%s",
		    root, c->checkpoint.size, c->proof.index, c->proof.proof.count,
		    line_feed ? "; the report's file ends in a line feed, which no report has"
			      : "");
	return findings_step(f, "inclusion", OUTCOME_GOOD,
	    "leaf %" PRIu64 " of %" PRIu64 ", by %zu hash%s to root %s", c->proof.index,
	    c->checkpoint.size, c->proof.proof.count, c->proof.proof.count == 1 ? "" : "es", root);
}

static enum outcome
check_entry(
    const struct signercerts *certificates, struct receipt_check *c, const struct findings *f)
{
	const char *origin = c->checkpoint.origin;
	struct said said = {.issuer = {NULL, 0}};
	char issued[UTC_TEXT_SIZE];
	enum err e = read_entry(c, &said);

	if (e != ERR_OK)
		return findings_step(f, "entry", outcome_of_error(e),
		    e == ERR_UNSUPPORTED
			? "the log has this entry, of a kind or form that this version does not "
			  "know: %s"
			: "the log has this entry, but it is no report, absence or notice in its "
			  "one valid form: %s",
		    err_text(e));
	if (!view_equal(said.issuer, view_of_string(origin)))
		return findings_step(f, "entry", OUTCOME_BAD, "expected issuer %s, found %.*s",
		    origin, view_precision(said.issuer), (const char *)said.issuer.data);
	c->read = true;
	for (struct view key, value;
	     said.extensions.size > 0 && json_extensions_next(&said.extensions, &key, &value);)
		if (!view_equal(key, said.known))
			findings_warn(f, "extension",
			    "%.*s is not known to this version; it decides nothing",
			    view_precision(key), (const char *)key.data);
	c->issued_s = said.issued_s;
	c->by = signercerts_valid_at(certificates, c->by, said.issued_s);
	if (signercert_valid_at(c->by, said.issued_s))
		return findings_step(f, "entry", OUTCOME_GOOD, "canonical %s, issued by this log%s",
		    said.what,
		    signercert_is_key_alone(c->by) ? "" : " within the certificate's dates");
	findings_warn(f, "entry", "canonical %s, issued at %s, outside the certificate's dates",
	    said.what, utc_text(said.issued_s, issued));
	return OUTCOME_GOOD;
}

static enum err
read_entry(struct receipt_check *c, struct said *said)
{
	enum err e = ERR_FORMAT;

	switch (c->kind = entry_kind(c->entry)) {
	case ENTRY_REPORT:
		e = report_parse(c->entry, &c->report);
		*said = (struct said){"EAR claims-set", c->report.report.issuer,
		    c->report.report.issued_s, c->report.report.extensions, {NULL, 0}};
		break;
	case ENTRY_ABSENCE:
		e = absence_parse(c->entry, &c->absence);
		*said = (struct said){"absence", c->absence.absence.issuer,
		    c->absence.absence.issued_s, c->absence.absence.extensions, {NULL, 0}};
		break;
	case ENTRY_NOTICE:
		e = notice_parse(c->entry, &c->notice);
		*said = (struct said){"notice", c->notice.notice.issuer, c->notice.notice.issued_s,
		    c->notice.notice.extensions, notice_known_extension(&c->notice.notice)};
		break;
	case ENTRY_UNKNOWN:
		e = ERR_UNSUPPORTED;
		break;
	case ENTRY_NONE:
		break;
	}
	return e;
}

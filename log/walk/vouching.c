#include "log/walk/vouching.h"

#include <openssl/err.h>

#include "proto/evidence/identity.h"

/* One report. */
struct vouching {
	const struct policy *policy;
	const struct vouching_trust *trust;
	bool policy_is_approved;
	const struct report *logged;
	struct reason *reason;
	struct vouched *out;
};

static void check_chain(const struct vouching *v, struct view der);
static STACK_OF(X509) * parse_chain(struct view der);
static void check_signature(const struct report *logged, X509 *certificate, struct reason *reason);
static void check_issuer(const struct vouching *v, STACK_OF(X509) * chain);
static void find_voucher(const struct vouching *v, STACK_OF(X509) * chain);

void
vouching_check(struct evidence_reader *evidence, const struct policy *policy,
    const struct vouching_trust *trust, bool policy_is_approved, const struct report *logged,
    struct reason *reason, struct vouched *out)
{
	const struct vouching v = {policy, trust, policy_is_approved, logged, reason, out};
	struct buf der = BUF_INIT;
	enum err e;

	*out = (struct vouched){.state = VOUCHING_UNSIGNED};
	if (!logged->has_signature)
		return;
	e = evidence_reader_get(evidence, PACK_CERTIFICATE, &logged->certificate, &der);
	if (e != ERR_OK)
		reason_add(reason, outcome_of_error(e),
		    "the certificate of the collector's signature: %s", err_text(e));
	else
		check_chain(&v, buf_view(&der));
	buf_free(&der);
}

/* Who did not sign it vouches for nothing, whoever stands behind. */
static void
check_chain(const struct vouching *v, struct view der)
{
	const struct report *logged = v->logged;
	STACK_OF(X509) *chain = parse_chain(der);
	char identity[IDENTITY_SIZE_MAX + 1];
	struct reason own;
	enum err e;

	reason_begin(&own);
	if (chain == NULL) {
		reason_add(v->reason, OUTCOME_BAD,
		    "what the report names as the collector's certificates is something else");
		return;
	}
	e = identity_of_certificate(sk_X509_value(chain, 0), identity);
	if (e != ERR_OK || !view_equal(view_of_string(identity), logged->collector))
		reason_add(&own, OUTCOME_BAD,
		    "the collector's certificate: expected the name %.*s, found %s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    e == ERR_OK ? identity : err_text(e));
	check_signature(logged, sk_X509_value(chain, 0), &own);
	if (own.outcome == OUTCOME_GOOD)
		find_voucher(v, chain);
	else
		reason_add(v->reason, own.outcome, "%s", own.text);
	if (policy_collectors_ca_count(v->policy) > 0)
		check_issuer(v, chain);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
}

/* Certificates one behind the other, as many as TLS takes; NULL unless that is all there is. */
static STACK_OF(X509) * parse_chain(struct view der)
{
	const unsigned char *p = der.data, *end = der.data + der.size;
	STACK_OF(X509) *chain = der.size <= VOUCHING_CHAIN_SIZE_MAX ? sk_X509_new_null() : NULL;

	while (chain != NULL && (p < end || sk_X509_num(chain) == 0)) {
		X509 *next = d2i_X509(NULL, &p, (long)(end - p));

		if (next == NULL || sk_X509_push(chain, next) <= 0) {
			X509_free(next);
			sk_X509_pop_free(chain, X509_free);
			chain = NULL;
		}
	}
	ERR_clear_error();
	return chain;
}

static void
check_signature(const struct report *logged, X509 *certificate, struct reason *reason)
{
	struct buf bundle = BUF_INIT;
	enum err e;

	bundle_encode(&logged->bundle, &bundle);
	if ((e = buf_status(&bundle)) == ERR_OK)
		e = identity_verify_bundle(certificate, buf_view(&bundle), logged->signature);
	if (e != ERR_OK)
		reason_add(reason, outcome_of_error(e), "%s", err_text(e));
	buf_free(&bundle);
}

/* By the policy's own word, whether or not anybody has approved it. */
static void
check_issuer(const struct vouching *v, STACK_OF(X509) * chain)
{
	struct vouching_found found;

	switch (vouching_trust_check(NULL, v->policy, chain, v->logged->issued_s, &found)) {
	case VOUCHING_FOREIGN:
		reason_add(v->reason, OUTCOME_BAD,
		    "the collector's certificate is of none of the CAs that the policy names: %s",
		    found.reason);
		break;
	case VOUCHING_UNKNOWN:
		reason_add(
		    v->reason, OUTCOME_UNKNOWN, "the collector's certificate: %s", found.reason);
		break;
	case VOUCHING_GOOD:
	case VOUCHING_INVALID:
	case VOUCHING_REVOKED:
		break;
	}
}

static void
find_voucher(const struct vouching *v, STACK_OF(X509) * chain)
{
	const bool has_cas = vouching_trust_has_cas(v->trust);
	struct vouched *out = v->out;

	out->state = VOUCHING_UNNAMED;
	if (!has_cas && (!v->policy_is_approved || policy_collectors_ca_count(v->policy) == 0))
		return;
	switch (vouching_trust_check(
	    v->trust, has_cas ? NULL : v->policy, chain, v->logged->issued_s, &out->by)) {
	case VOUCHING_GOOD:
		out->state = VOUCHING_VOUCHED;
		break;
	case VOUCHING_FOREIGN:
	case VOUCHING_REVOKED:
		out->is_foreign = true;
		out->state = VOUCHING_REJECTED;
		break;
	case VOUCHING_INVALID:
	case VOUCHING_UNKNOWN:
		out->state = VOUCHING_REJECTED;
		break;
	}
}

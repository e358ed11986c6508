#include "log/walk/vouching.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "proto/evidence/identity.h"

static void check_chain(const struct policy *policy, const struct report *logged, struct view der,
    struct reason *reason);
static STACK_OF(X509) * parse_chain(struct view der);
static void check_signature(const struct report *logged, X509 *certificate, struct reason *reason);
static void check_issuer(
    const struct policy *policy, STACK_OF(X509) * chain, struct reason *reason);
static X509_STORE *named_cas(const struct policy *policy);

void
vouching_check(struct evidence_reader *evidence, const struct policy *policy,
    const struct report *logged, struct reason *reason)
{
	struct buf der = BUF_INIT;
	enum err e;

	if (!logged->has_signature)
		return;
	e = evidence_reader_get(evidence, PACK_CERTIFICATE, &logged->certificate, &der);
	if (e != ERR_OK)
		reason_add(reason, outcome_of_error(e),
		    "the certificate of the collector's signature: %s", err_text(e));
	else
		check_chain(policy, logged, buf_view(&der), reason);
	buf_free(&der);
}

static void
check_chain(const struct policy *policy, const struct report *logged, struct view der,
    struct reason *reason)
{
	STACK_OF(X509) *chain = parse_chain(der);
	char identity[IDENTITY_SIZE_MAX + 1];
	enum err e;

	if (chain == NULL) {
		reason_add(reason, OUTCOME_BAD,
		    "what the report names as the collector's certificates is something else");
		return;
	}
	e = identity_of_certificate(sk_X509_value(chain, 0), identity);
	if (e != ERR_OK || !view_equal(view_of_string(identity), logged->collector))
		reason_add(reason, OUTCOME_BAD,
		    "the collector's certificate: expected the name %.*s, found %s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    e == ERR_OK ? identity : err_text(e));
	check_signature(logged, sk_X509_value(chain, 0), reason);
	if (policy_collectors_ca_count(policy) > 0)
		check_issuer(policy, chain, reason);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
}

/* Certificates one behind the other; NULL unless that is all there is. */
static STACK_OF(X509) * parse_chain(struct view der)
{
	const unsigned char *p = der.data, *end = der.data + der.size;
	STACK_OF(X509) *chain = sk_X509_new_null();

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

static void
check_issuer(const struct policy *policy, STACK_OF(X509) * chain, struct reason *reason)
{
	X509_STORE *store = named_cas(policy);
	X509_STORE_CTX *check = X509_STORE_CTX_new();

	if (store == NULL || check == NULL ||
	    X509_STORE_CTX_init(check, store, sk_X509_value(chain, 0), chain) != 1)
		reason_add(reason, OUTCOME_UNKNOWN, "the collector's certificate: %s",
		    err_text(ERR_MEMORY));
	else if (X509_verify_cert(check) != 1)
		reason_add(reason, OUTCOME_BAD,
		    "the collector's certificate is of none of the CAs that the policy names: %s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
	X509_STORE_CTX_free(check);
	X509_STORE_free(store);
}

static X509_STORE *
named_cas(const struct policy *policy)
{
	X509_STORE *store = X509_STORE_new();
	bool good =
	    store != NULL &&
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) == 1;

	for (size_t i = 0; good && i < policy_collectors_ca_count(policy); i++) {
		const struct collectors_ca *ca = policy_collectors_ca_at(policy, i);

		for (size_t k = 0; good && k < collectors_ca_count(ca); k++)
			good = X509_STORE_add_cert(store, collectors_ca_at(ca, k)) == 1;
	}
	if (!good) {
		X509_STORE_free(store);
		store = NULL;
	}
	return store;
}

#include "trust/verifier.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/utc.h"
#include "trust/certificate_text.h"

/* Behind an X509_STORE. */
struct verifier {
	struct authorities *authorities;
	struct revocations *revocations;
};

_Static_assert(sizeof(intptr_t) >= sizeof(int64_t), "a time is kept in a pointer");

/* Of what belongs to stores, connections and sessions. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int in_store = -1, in_connection = -1, in_session = -1;

static void draw_places(void);
static void on_store_freed(
    void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp);
static void on_connection_freed(
    void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp);
static const struct verifier *of(const X509_STORE *store);
static int on_verify(X509_STORE_CTX *ctx, void *context);
static bool verify(X509_STORE_CTX *ctx, char why[VERIFIER_REASON_SIZE]);
static void forget_unused(X509_STORE_CTX *ctx);
static bool has(const STACK_OF(X509) * chain, const X509 *certificate);
static int find_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *certificate);
static STACK_OF(X509) * find_none(X509_STORE_CTX *ctx, const X509_NAME *name);
static bool is_unrevoked(X509_STORE_CTX *ctx, const struct verifier *v, int64_t now_s);
static void blame_authority(X509_STORE_CTX *ctx, const struct verifier *v, int64_t now_s);
static void fail(X509_STORE_CTX *ctx, int error, X509 *certificate);
static void say(X509_STORE_CTX *ctx, char why[VERIFIER_REASON_SIZE]);
static int64_t chain_end_s(STACK_OF(X509) * chain);
static void sooner(int64_t *next_s, int64_t at_s, int64_t now_s);

X509_STORE *
verifier_new(struct authorities *a, struct revocations *r)
{
	struct verifier *v = calloc(1, sizeof(*v));
	X509_STORE *store = X509_STORE_new();

	pthread_once(&once, draw_places);
	if (v == NULL || store == NULL || in_store < 0 ||
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
	    X509_STORE_set_ex_data(store, in_store, v) != 1) {
		authorities_free(&a);
		free(v);
		X509_STORE_free(store);
		return NULL;
	}
	v->authorities = a; /* moved */
	v->revocations = revocations_hold(r);
	X509_STORE_set_get_issuer(store, find_issuer);
	X509_STORE_set_lookup_certs(store, find_none);
	return store;
}

const struct authorities *
verifier_authorities(const X509_STORE *store)
{
	return of(store)->authorities;
}

struct revocations *
verifier_revocations(const X509_STORE *store)
{
	return of(store)->revocations;
}

enum err
verifier_attach(X509_STORE *store, SSL_CTX *ctx)
{
	if (in_connection < 0 || in_session < 0 || SSL_CTX_set1_verify_cert_store(ctx, store) != 1)
		return ERR_CRYPTO;
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
	return ERR_OK;
}

const char *
verifier_reason(const SSL *ssl)
{
	return in_connection >= 0 ? SSL_get_ex_data(ssl, in_connection) : NULL;
}

int64_t
verifier_chain_end_s(const SSL *ssl)
{
	const SSL_SESSION *session = in_session >= 0 ? SSL_get_session(ssl) : NULL;
	const int64_t end_s =
	    session != NULL ? (int64_t)(intptr_t)SSL_SESSION_get_ex_data(session, in_session) : 0;

	return end_s != 0 ? end_s : INT64_MIN;
}

bool
verifier_accepts(X509_STORE *store, X509 *certificate, STACK_OF(X509) * sent, const char *purpose,
    char why[VERIFIER_REASON_SIZE])
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool accepted = false;

	(void)snprintf(why, VERIFIER_REASON_SIZE, "%s", err_text(ERR_CRYPTO));
	if (ctx != NULL && X509_STORE_CTX_init(ctx, store, certificate, sent) == 1 &&
	    X509_STORE_CTX_set_default(ctx, purpose) == 1)
		accepted = verify(ctx, why);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return accepted;
}

int64_t
verifier_next_change_s(const X509_STORE *store, int64_t now_s)
{
	const struct verifier *v = of(store);
	int64_t next_s = INT64_MAX;

	for (size_t i = 0; i < authorities_count(v->authorities); i++) {
		const X509 *x = authorities_at(v->authorities, i);

		sooner(&next_s, certificate_date_s(X509_get0_notBefore(x)), now_s);
		sooner(&next_s, certificate_date_s(X509_get0_notAfter(x)), now_s);
	}
	for (size_t i = 0; i < revocations_count(v->revocations); i++) {
		const struct revocation_list *l = revocations_at(v->revocations, i);

		sooner(&next_s, revocation_list_from_s(l), now_s);
		sooner(&next_s, revocation_list_to_s(l), now_s);
	}
	return next_s;
}

static void
draw_places(void)
{
	in_store = X509_STORE_get_ex_new_index(0, NULL, NULL, NULL, on_store_freed);
	in_connection = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_connection_freed);
	in_session = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static void
on_store_freed(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	struct verifier *v = ptr;

	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	if (v == NULL)
		return;
	authorities_free(&v->authorities);
	revocations_release(&v->revocations);
	free(v);
}

static void
on_connection_freed(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	free(ptr);
}

static const struct verifier *
of(const X509_STORE *store)
{
	return X509_STORE_get_ex_data(store, in_store);
}

/* Within a handshake, when the peer's certificates have come. */
static int
on_verify(X509_STORE_CTX *ctx, void *context)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	char why[VERIFIER_REASON_SIZE];
	char *kept;

	(void)context;
	if (verify(ctx, why)) {
		const int64_t end_s = chain_end_s(X509_STORE_CTX_get0_chain(ctx));

		forget_unused(ctx);
		return SSL_SESSION_set_ex_data(
		    SSL_get_session(ssl), in_session, (void *)(intptr_t)end_s);
	}
	/* Without memory for it OpenSSL's words have to do. */
	if ((kept = strdup(why)) != NULL && SSL_set_ex_data(ssl, in_connection, kept) != 1)
		free(kept);
	return 0;
}

/*
 * Of what the peer has sent, what its chain has no use for: connection and session keep it as long
 * as they live, and 16 KiB of small certificates take fifteen times as much when they are decoded.
 * The first is the peer's own.
 */
static void
forget_unused(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

	for (int i = sk_X509_num(sent) - 1; i > 0; i--)
		if (!has(chain, sk_X509_value(sent, i)))
			X509_free(sk_X509_delete(sent, i));
}

/* Also where the chain has the CA's own copy of it: whoever names another CA above needs it. */
static bool
has(const STACK_OF(X509) * chain, const X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_cmp(sk_X509_value(chain, i), certificate) == 0)
			return true;
	return false;
}

/* Signatures first: nobody has lists verified by a CA of his own making. */
static bool
verify(X509_STORE_CTX *ctx, char why[VERIFIER_REASON_SIZE])
{
	const struct verifier *v = of(X509_STORE_CTX_get0_store(ctx));
	const int64_t now_s = (int64_t)time(NULL);

	if (X509_verify_cert(ctx) == 1) {
		if (is_unrevoked(ctx, v, now_s))
			return true;
	} else {
		blame_authority(ctx, v, now_s);
	}
	say(ctx, why);
	return false;
}

static int
find_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *certificate)
{
	const struct verifier *v = of(X509_STORE_CTX_get0_store(ctx));

	*issuer = authorities_find_issuer(v->authorities, certificate, (int64_t)time(NULL), NULL);
	return *issuer != NULL ? X509_up_ref(*issuer) : 0;
}

/* A CA is trusted for what it has issued; no certificate is accepted for being in its file. */
static STACK_OF(X509) * find_none(X509_STORE_CTX *ctx, const X509_NAME *name)
{
	(void)ctx;
	(void)name;
	return sk_X509_new_null();
}

static bool
is_unrevoked(X509_STORE_CTX *ctx, const struct verifier *v, int64_t now_s)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	const int count = sk_X509_num(chain);

	for (int i = 0; i < count; i++) {
		X509 *certificate = sk_X509_value(chain, i);
		const X509 *issuer = i + 1 < count ? sk_X509_value(chain, i + 1) : NULL;
		int error;

		/* A root's word about itself says nothing. */
		if (issuer == NULL && i > 0 && X509_self_signed(certificate, 0) == 1)
			continue;
		error = revocations_check(v->revocations, certificate, issuer, now_s);
		if (error != X509_V_OK) {
			fail(ctx, error, certificate);
			return false;
		}
	}
	return true;
}

/* No issuer was found, because the one that is there is over: that is what is wrong. */
static void
blame_authority(X509_STORE_CTX *ctx, const struct verifier *v, int64_t now_s)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(ctx), *over;

	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		break;
	default:
		return;
	}
	if (certificate == NULL ||
	    authorities_find_issuer(v->authorities, certificate, now_s, &over) != NULL ||
	    over == NULL)
		return;
	fail(ctx,
	    now_s < certificate_date_s(X509_get0_notBefore(over)) ? X509_V_ERR_CERT_NOT_YET_VALID
								  : X509_V_ERR_CERT_HAS_EXPIRED,
	    over);
}

static void
fail(X509_STORE_CTX *ctx, int error, X509 *certificate)
{
	X509_STORE_CTX_set_error(ctx, error);
	X509_STORE_CTX_set_current_cert(ctx, certificate);
}

static void
say(X509_STORE_CTX *ctx, char why[VERIFIER_REASON_SIZE])
{
	const int error = X509_STORE_CTX_get_error(ctx);
	const X509 *certificate = X509_STORE_CTX_get_current_cert(ctx);
	const char *reason = X509_verify_cert_error_string(error);
	char text[CERTIFICATE_TEXT_SIZE], date[UTC_TEXT_SIZE];

	if (certificate == NULL)
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s", reason);
	else if (error == X509_V_ERR_CERT_HAS_EXPIRED)
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s: %s, which ended %s", reason,
		    certificate_text(certificate, text),
		    utc_text_asn1(X509_get0_notAfter(certificate), date));
	else if (error == X509_V_ERR_CERT_NOT_YET_VALID)
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s: %s, which begins %s", reason,
		    certificate_text(certificate, text),
		    utc_text_asn1(X509_get0_notBefore(certificate), date));
	else
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s: %s", reason,
		    certificate_text(certificate, text));
}

static int64_t
chain_end_s(STACK_OF(X509) * chain)
{
	int64_t end_s = INT64_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const int64_t at_s =
		    certificate_date_s(X509_get0_notAfter(sk_X509_value(chain, i)));

		if (at_s < end_s)
			end_s = at_s;
	}
	return end_s;
}

static void
sooner(int64_t *next_s, int64_t at_s, int64_t now_s)
{
	if (at_s > now_s && at_s < *next_s)
		*next_s = at_s;
}

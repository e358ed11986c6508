#include "signer/front/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/pass_phrase.h"
#include "proto/wire/message.h"
#include "signer/front/hello.h"
#include "trust/alert.h"
#include "trust/authorities.h"
#include "trust/crypto_reason.h"
#include "trust/own_chain.h"

/*
 * One ticket a handshake: a second would cost a sixth of the handshake rate, and a collector keeps
 * only the newest.
 */
#define TICKETS 1

/*
 * The cipher that TLS 1.3 demands of everybody goes first, whatever the client would rather have:
 * it is as strong as the P-256 keys around it, and its SHA-256, of which a handshake computes
 * dozens, is an instruction of the processor where SHA-384 is not: 4 % of a full handshake.
 */
#define CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* Bytes of names of CAs that are sent in each handshake: those of a few dozen. */
#define NAMES_SIZE_MAX 4096

static const unsigned char session_context[] = "hallmark-collector";

static bool load_own(
    const struct tls_files *f, OSSL_LIB_CTX *library, struct faults *faults, SSL_CTX *ctx);
static bool use_key(SSL_CTX *ctx, const char *path, bool *locked);
static bool load_clients(
    const struct tls_files *f, OSSL_LIB_CTX *library, struct faults *faults, SSL_CTX *ctx);
static bool name_authorities(const struct authorities *a, SSL_CTX *ctx);
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
    const unsigned char *in, unsigned in_size, void *context);

enum err
tls_context_new(const struct tls_files *f, const struct tls_library *library,
    struct resumption *sessions, struct faults *faults, SSL_CTX **out)
{
	SSL_CTX *ctx;
	bool good;

	*out = NULL;
	if ((ctx = SSL_CTX_new_ex(tls_library_context(library), NULL, TLS_server_method())) ==
		NULL ||
	    SSL_CTX_set_ciphersuites(ctx, CIPHERS) != 1 ||
	    resumption_attach(sessions, ctx) != ERR_OK) {
		SSL_CTX_free(ctx);
		return ERR_CRYPTO;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/*
	 * The chain that is sent is the file's. To look for one in the store, as is usual, would
	 * verify our own certificate in each handshake, and have the peer decode a CA that it has
	 * anyway.
	 */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
				     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_num_tickets(ctx, TICKETS);
	SSL_CTX_set_max_cert_list(ctx, HELLO_SIZE_MAX);
	SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	good = load_own(f, tls_library_context(library), faults, ctx);
	good = load_clients(f, tls_library_context(library), faults, ctx) && good;
	if (!good) {
		SSL_CTX_free(ctx);
		return ERR_CONFIG;
	}
	*out = ctx;
	return ERR_OK;
}

void
tls_context_retire(SSL_CTX *ctx)
{
	SSL_CTX_set1_verify_cert_store(ctx, NULL);
}

void
tls_peer_let_in(SSL *ssl)
{
	SSL_set1_verify_cert_store(ssl, NULL);
}

enum err
tls_peer_identity(const SSL *ssl, char identity[IDENTITY_SIZE_MAX + 1])
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);

	identity[0] = '\0';
	return certificate != NULL ? identity_of_certificate(certificate, identity) : ERR_IDENTITY;
}

STACK_OF(X509) * tls_peer_chain(const SSL *ssl)
{
	const STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);
	const int count = sent != NULL ? sk_X509_num(sent) : 0;
	STACK_OF(X509) *chain = sk_X509_new_reserve(NULL, 1 + count);

	if (chain == NULL)
		return NULL;
	for (int i = -1; i < count; i++) {
		X509 *one = i < 0 ? SSL_get0_peer_certificate(ssl) : sk_X509_value(sent, i);

		X509_up_ref(one);
		(void)sk_X509_push(chain, one); /* there is room */
	}
	return chain;
}

uint64_t
tls_peer_lifetime_ms(const SSL *ssl)
{
	const int64_t end_s = verifier_chain_end_s(ssl), now_s = (int64_t)time(NULL);

	if (end_s == INT64_MAX)
		return UINT64_MAX / 2;
	return end_s > now_s ? (uint64_t)(end_s - now_s) * 1000 : 0;
}

bool
tls_peer_is_accepted(const SSL *ssl, SSL_CTX *now, char why[VERIFIER_REASON_SIZE])
{
	X509_STORE *clients = NULL;

	return SSL_CTX_get0_verify_cert_store(now, &clients) == 1 &&
	       verifier_accepts(clients, SSL_get0_peer_certificate(ssl),
		   SSL_get_peer_cert_chain(ssl), "ssl_client", why);
}

const char *
tls_last_error(void)
{
	const bool any = ERR_peek_error() != 0;
	const char *reason = crypto_reason();

	if (reason != NULL)
		return reason;
	return any ? "OpenSSL gives no reason" : "the connection ended";
}

const char *
tls_handshake_error(const SSL *ssl, char reason[TLS_REASON_SIZE])
{
	const bool refused = ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
	const char *alert = alert_received(), *why = verifier_reason(ssl);

	if (alert != NULL)
		snprintf(reason, TLS_REASON_SIZE,
		    "the peer ended the handshake: it sent the alert \"%s\"", alert);
	else if (refused)
		snprintf(reason, TLS_REASON_SIZE, "the client certificate is not accepted: %s",
		    why != NULL ? why : X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	else
		snprintf(reason, TLS_REASON_SIZE, "%s", tls_last_error());
	ERR_clear_error();
	return reason;
}

static bool
load_own(const struct tls_files *f, OSSL_LIB_CTX *library, struct faults *faults, SSL_CTX *ctx)
{
	const struct signer_config *c = f->config;
	bool locked = false;
	const char *why;

	if (f->certificate.size == 0 && c->tls.certificate == NULL)
		return false;
	if (own_chain_use(ctx, library, buf_view(&f->certificate), &why) != ERR_OK) {
		faults_add(faults, c->tls.certificate, 0,
		    "tls.certificate: expected a PEM certificate chain, found %s; make it with the "
		    "signer's own certificate first",
		    why);
		return false;
	}
	if (c->tls.key == NULL)
		return false;
	ERR_clear_error();
	if (!use_key(ctx, c->tls.key, &locked) || SSL_CTX_check_private_key(ctx) != 1) {
		faults_add(faults, c->tls.key, 0,
		    "tls.key: expected the PEM private key of tls.certificate, found %s; the two "
		    "must be made together, the key without a pass phrase",
		    locked ? "a key behind a pass phrase" : tls_last_error());
		return false;
	}
	return true;
}

/* In OpenSSL's default context, which has decoders for it (signer/front/tls_library.h). */
static bool
use_key(SSL_CTX *ctx, const char *path, bool *locked)
{
	BIO *file = BIO_new_file(path, "r");
	EVP_PKEY *key =
	    file != NULL ? PEM_read_bio_PrivateKey(file, NULL, pass_phrase_refuse, locked) : NULL;
	bool used = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(file);
	return used;
}

/* Each context has CAs of its own: threads that share a key wait for its lock. */
static bool
load_clients(const struct tls_files *f, OSSL_LIB_CTX *library, struct faults *faults, SSL_CTX *ctx)
{
	struct authorities *a;
	X509_STORE *store;
	bool good;

	if (f->config->tls.client_ca == NULL ||
	    authorities_parse(f->config->tls.client_ca, "tls.client_ca", buf_view(&f->client_ca),
		library, faults, &a) != ERR_OK)
		return false;
	good = name_authorities(a, ctx);
	store = verifier_new(a, f->revocations); /* takes them */
	good = good && store != NULL && verifier_attach(store, ctx) == ERR_OK;
	X509_STORE_free(store);
	return good;
}

/*
 * A client that has several certificates chooses by these names; so that those who have one do not
 * pay for it, and because TLS has no room for more than 64 KiB of them, none is sent where there
 * are many.
 */
static bool
name_authorities(const struct authorities *a, SSL_CTX *ctx)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	bool good = names != NULL;
	size_t size = 0;

	for (size_t i = 0; good && i < authorities_count(a) && size <= NAMES_SIZE_MAX; i++) {
		const X509_NAME *name = X509_get_subject_name(authorities_at(a, i));
		X509_NAME *copy = X509_NAME_dup(name);
		const int bytes = i2d_X509_NAME(name, NULL);

		good = copy != NULL && bytes >= 0 && sk_X509_NAME_push(names, copy) > 0;
		if (!good)
			X509_NAME_free(copy);
		size += 2 + (size_t)(bytes > 0 ? bytes : 0);
	}
	if (good && size <= NAMES_SIZE_MAX) {
		SSL_CTX_set_client_CA_list(ctx, names); /* moved */
		return true;
	}
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	return good;
}

/* A client that offers ALPN must offer ours; one that offers none is let in (RFC 7301, 3.2). */
static int
select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
    unsigned in_size, void *context)
{
	static const size_t size = sizeof(PROTOCOL_ALPN) - 1;

	(void)ssl;
	(void)context;
	for (unsigned i = 0; i < in_size; i += 1U + in[i]) {
		if (in[i] == size && i + 1U + size <= in_size &&
		    memcmp(in + i + 1, PROTOCOL_ALPN, size) == 0) {
			*out = in + i + 1;
			*out_size = (unsigned char)size;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

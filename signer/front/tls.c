#include "signer/front/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "config/pass_phrase.h"
#include "proto/wire/message.h"
#include "signer/front/hello.h"

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

static const unsigned char session_context[] = "hallmark-collector";

static bool give_store(SSL_CTX *ctx);
static enum err load_own(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx);
static bool use_key(SSL_CTX *ctx, const char *path, bool *locked);
static enum err load_client_ca(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx);
static enum err load_client_crl(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx);
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
    const unsigned char *in, unsigned in_size, void *context);

enum err
tls_context_new(const struct signer_config *c, const struct tls_library *library,
    struct resumption *sessions, struct faults *faults, SSL_CTX **out)
{
	SSL_CTX *ctx;
	bool good;

	*out = NULL;
	if ((ctx = SSL_CTX_new_ex(tls_library_context(library), NULL, TLS_server_method())) ==
		NULL ||
	    SSL_CTX_set_ciphersuites(ctx, CIPHERS) != 1 || !give_store(ctx) ||
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
	good = load_own(c, faults, ctx) == ERR_OK;
	good = load_client_ca(c, faults, ctx) == ERR_OK && good;
	good = load_client_crl(c, faults, ctx) == ERR_OK && good;
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

uint64_t
tls_peer_lifetime_ms(const SSL *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	int days, seconds;

	if (certificate == NULL ||
	    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1 ||
	    days < 0 || seconds < 0)
		return 0;
	return ((uint64_t)days * 86400 + (uint64_t)seconds) * 1000;
}

bool
tls_peer_is_accepted(const SSL *ssl, SSL_CTX *now)
{
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	X509_STORE *clients = NULL;
	bool accepted = check != NULL && SSL_CTX_get0_verify_cert_store(now, &clients) == 1 &&
			X509_STORE_CTX_init(check, clients, SSL_get0_peer_certificate(ssl),
			    SSL_get_peer_cert_chain(ssl)) == 1 &&
			X509_STORE_CTX_set_default(check, "ssl_client") == 1 &&
			X509_verify_cert(check) == 1;

	X509_STORE_CTX_free(check);
	ERR_clear_error();
	return accepted;
}

const char *
tls_last_error(void)
{
	/* The first: what callers within OpenSSL add says only whose call it was ("PEM lib"). */
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code))
						    : ERR_reason_error_string(code);

	ERR_clear_error();
	return reason != NULL ? reason : "the connection ended";
}

const char *
tls_handshake_error(const SSL *ssl, char reason[TLS_REASON_SIZE])
{
	bool verified = ERR_GET_REASON(ERR_peek_error()) != SSL_R_CERTIFICATE_VERIFY_FAILED;

	snprintf(reason, TLS_REASON_SIZE, "%s", tls_last_error());
	if (!verified)
		snprintf(reason, TLS_REASON_SIZE, "the client certificate is not accepted: %s",
		    X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	return reason;
}

/* For CA and CRL: the one that every context has lives as long as the context. */
static bool
give_store(SSL_CTX *ctx)
{
	X509_STORE *store = X509_STORE_new();
	bool given = store != NULL && SSL_CTX_set1_verify_cert_store(ctx, store) == 1;

	X509_STORE_free(store);
	return given;
}

static enum err
load_own(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx)
{
	bool locked = false;

	if (c->tls.certificate == NULL)
		return ERR_CONFIG;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, c->tls.certificate) != 1) {
		faults_add(faults, c->tls.certificate, 0,
		    "tls.certificate: expected a PEM certificate chain, found %s; make it with the "
		    "signer's own certificate first",
		    tls_last_error());
		return ERR_CONFIG;
	}
	if (c->tls.key == NULL)
		return ERR_CONFIG;
	if (!use_key(ctx, c->tls.key, &locked) || SSL_CTX_check_private_key(ctx) != 1) {
		faults_add(faults, c->tls.key, 0,
		    "tls.key: expected the PEM private key of tls.certificate, found %s; the two "
		    "must be made together, the key without a pass phrase",
		    locked ? "a key behind a pass phrase" : tls_last_error());
		return ERR_CONFIG;
	}
	return ERR_OK;
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

static enum err
load_client_ca(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx)
{
	X509_STORE *store = NULL;
	STACK_OF(X509_NAME) * names;

	if (c->tls.client_ca == NULL)
		return ERR_CONFIG;
	SSL_CTX_get0_verify_cert_store(ctx, &store);
	ERR_clear_error();
	names = SSL_load_client_CA_file(c->tls.client_ca);
	if (names == NULL || X509_STORE_load_file(store, c->tls.client_ca) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		faults_add(faults, c->tls.client_ca, 0,
		    "tls.client_ca: expected PEM certificates of the collectors' CA, found %s",
		    tls_last_error());
		return ERR_CONFIG;
	}
	SSL_CTX_set_client_CA_list(ctx, names); /* moved */
	return ERR_OK;
}

/* Of this file only the lists: a certificate in it must not become one that is trusted. */
static enum err
load_client_crl(const struct signer_config *c, struct faults *faults, SSL_CTX *ctx)
{
	X509_STORE *store = NULL;
	X509_LOOKUP *lookup;

	if (c->tls.client_crl == NULL)
		return ERR_OK;
	SSL_CTX_get0_verify_cert_store(ctx, &store);
	ERR_clear_error();
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL ||
	    X509_load_crl_file(lookup, c->tls.client_crl, X509_FILETYPE_PEM) < 1) {
		faults_add(faults, c->tls.client_crl, 0,
		    "tls.client_crl: expected a PEM revocation list of the collectors' CA, found "
		    "%s",
		    tls_last_error());
		return ERR_CONFIG;
	}
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return ERR_OK;
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

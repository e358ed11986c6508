#include "register/front/http_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/pass_phrase.h"
#include "trust/alert.h"
#include "trust/authorities.h"
#include "trust/crypto_reason.h"
#include "trust/own_chain.h"
#include "trust/pem_blocks.h"
#include "trust/verifier.h"

#define ALPN "http/1.1"

static const unsigned char session_context[] = "hallmark-register";

static bool load_own(const struct http_tls_files *f, struct faults *faults, SSL_CTX *ctx);
static bool load_clients(const struct http_tls_files *f, struct faults *faults, SSL_CTX *ctx);
static bool read_pem(const char *path, const char *key, struct faults *faults, struct buf *to);
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
    const unsigned char *in, unsigned in_size, void *context);

enum err
http_tls_context(const struct http_tls_files *files, struct faults *faults, SSL_CTX **out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool good;

	*out = NULL;
	if (ctx == NULL)
		return ERR_CRYPTO;
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/*
	 * Nothing is resumed: a session would outlast the revocation of its certificate, and those
	 * who ask often keep their connection.
	 */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	good = load_own(files, faults, ctx);
	good = load_clients(files, faults, ctx) && good;
	if (!good) {
		SSL_CTX_free(ctx);
		return ERR_CONFIG;
	}
	*out = ctx;
	return ERR_OK;
}

enum err
http_tls_identity(const SSL *ssl, char identity[IDENTITY_SIZE_MAX + 1])
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);

	identity[0] = '\0';
	return certificate != NULL ? identity_of_certificate(certificate, identity) : ERR_OK;
}

bool
http_tls_is_current(const SSL *ssl)
{
	return SSL_get0_peer_certificate(ssl) == NULL ||
	       verifier_chain_end_s(ssl) > (int64_t)time(NULL);
}

const char *
http_tls_reason(const SSL *ssl, char reason[HTTP_TLS_REASON_SIZE])
{
	const bool refused = ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
	const char *alert = alert_received(), *why = verifier_reason(ssl);

	if (alert != NULL) {
		snprintf(reason, HTTP_TLS_REASON_SIZE, "the peer sent the alert \"%s\"", alert);
	} else if (refused) {
		snprintf(reason, HTTP_TLS_REASON_SIZE, "the client certificate is not accepted: %s",
		    why != NULL ? why : X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	} else {
		why = crypto_reason();
		snprintf(reason, HTTP_TLS_REASON_SIZE, "%s", why != NULL ? why : "it ended");
	}
	ERR_clear_error();
	return reason;
}

static bool
load_own(const struct http_tls_files *f, struct faults *faults, SSL_CTX *ctx)
{
	struct buf pem = BUF_INIT;
	bool locked = false, good;
	const char *why;
	EVP_PKEY *key;
	BIO *file;

	good = read_pem(f->certificate, "tls.certificate", faults, &pem);
	if (good && own_chain_use(ctx, NULL, buf_view(&pem), &why) != ERR_OK) {
		faults_add(faults, f->certificate, 0,
		    "tls.certificate: expected a PEM certificate chain, found %s", why);
		good = false;
	}
	buf_free(&pem);
	if (!good)
		return false;
	ERR_clear_error();
	file = BIO_new_file(f->key, "r");
	key =
	    file != NULL ? PEM_read_bio_PrivateKey(file, NULL, pass_phrase_refuse, &locked) : NULL;
	good = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	       SSL_CTX_check_private_key(ctx) == 1;
	EVP_PKEY_free(key);
	BIO_free(file);
	if (good)
		return true;
	why = crypto_reason();
	faults_add(faults, f->key, 0,
	    "tls.key: expected the PEM private key of tls.certificate, found %s; the two must be "
	    "made together, the key without a pass phrase",
	    locked        ? "a key behind a pass phrase"
	    : why != NULL ? why
			  : "another");
	return false;
}

static bool
load_clients(const struct http_tls_files *f, struct faults *faults, SSL_CTX *ctx)
{
	struct buf pem = BUF_INIT, lists = BUF_INIT;
	struct revocations *revocations = NULL;
	struct authorities *a = NULL;
	X509_STORE *store = NULL;
	bool good;

	if (f->client_ca == NULL)
		return true;
	good = read_pem(f->client_ca, "tls.client_ca", faults, &pem) &&
	       authorities_parse(f->client_ca, "tls.client_ca", buf_view(&pem), NULL, faults, &a) ==
		   ERR_OK;
	if (good && f->client_crl != NULL)
		good = read_pem(f->client_crl, "tls.client_crl", faults, &lists) &&
		       revocations_parse(f->client_crl, "tls.client_crl", buf_view(&lists), a,
			   faults, &revocations) == ERR_OK;
	if (good) {
		store = verifier_new(a, revocations);
		a = NULL; /* taken */
		good = store != NULL && verifier_attach(store, ctx) == ERR_OK;
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	X509_STORE_free(store);
	authorities_free(&a);
	revocations_release(&revocations);
	buf_free(&pem);
	buf_free(&lists);
	return good;
}

static bool
read_pem(const char *path, const char *key, struct faults *faults, struct buf *to)
{
	const enum err e = pem_file_read(path, to);

	if (e == ERR_OK)
		return true;
	faults_add(faults, path, 0, "%s: expected a file that can be read: %s", key,
	    e == ERR_IO ? strerror(errno) : err_text(e));
	return false;
}

/* A client that offers protocols must offer ours; one that offers none is let in (RFC 7301, 3.2).
 */
static int
select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
    unsigned in_size, void *context)
{
	static const size_t size = sizeof(ALPN) - 1;

	(void)ssl;
	(void)context;
	for (unsigned i = 0; i < in_size; i += 1U + in[i]) {
		if (in[i] == size && i + 1U + size <= in_size &&
		    memcmp(in + i + 1, ALPN, size) == 0) {
			*out = in + i + 1;
			*out_size = (unsigned char)size;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * TLS 1.3 of a listener, and who a client is. A client may show a certificate; one that he shows
 * has to be accepted.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_TLS_H
#define HALLMARK_REGISTER_FRONT_HTTP_TLS_H

#include <openssl/ssl.h>

#include "config/faults.h"
#include "proto/err.h"
#include "proto/evidence/identity.h"

/* Files in PEM; borrowed from the configuration. */
struct http_tls_files {
	const char *certificate; /* with its chain */
	const char *key;         /* of the service's user alone, without a pass phrase */
	const char *client_ca;   /* NULL: no client is asked for a certificate */
	const char *client_crl;  /* NULL: none is revoked */
};

/* ERR_CONFIG with faults, ERR_CRYPTO; *out NULL then. To be freed by SSL_CTX_free. */
enum err http_tls_context(
    const struct http_tls_files *files, struct faults *faults, SSL_CTX **out) MUST_USE;

/*
 * The identity of the client of a finished handshake; empty if he has shown no certificate.
 * ERR_IDENTITY: he has shown one that has none.
 */
enum err http_tls_identity(const SSL *ssl, char identity[IDENTITY_SIZE_MAX + 1]) MUST_USE;

/* Whether all certificates that he was let in by are still valid. */
bool http_tls_is_current(const SSL *ssl);

/* Why a handshake has failed, in words; static storage, or `reason`. OpenSSL's queue is emptied. */
#define HTTP_TLS_REASON_SIZE 704
const char *http_tls_reason(const SSL *ssl, char reason[HTTP_TLS_REASON_SIZE]);

#endif

#include "collector/channel_context.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "proto/message.h"

/* As a TLS extension has it: a length and the name. */
static const unsigned char alpn[] = "\x08" PROTOCOL_ALPN;

static enum err load(struct channel_context *c, struct trouble *t);
static int on_ticket(SSL *ssl, SSL_SESSION *session);

enum err
channel_context_new(
    const struct collector_config *config, struct channel_context **out, struct trouble *t)
{
	struct channel_context *c = calloc(1, sizeof(*c));
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->config = config;
	c->tickets = calloc(config->signer_count, sizeof(*c->tickets));
	if (c->tickets == NULL || (c->ssl = SSL_CTX_new(TLS_client_method())) == NULL)
		e = ERR_MEMORY;
	else
		e = load(c, t);
	if (e == ERR_OK)
		*out = c;
	else
		channel_context_free(&c);
	return e;
}

void
channel_context_free(struct channel_context **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; (*c)->tickets != NULL && i < (*c)->config->signer_count; i++)
		SSL_SESSION_free((*c)->tickets[i]);
	free((*c)->tickets);
	SSL_CTX_free((*c)->ssl);
	free(*c);
	*c = NULL;
}

EVP_PKEY *
channel_context_key(const struct channel_context *c)
{
	return SSL_CTX_get0_privatekey(c->ssl);
}

const char *
channel_crypto_reason(void)
{
	const unsigned long number = ERR_get_error();
	const char *reason = number != 0 ? ERR_reason_error_string(number) : NULL;

	ERR_clear_error();
	return reason != NULL ? reason : "no reason given";
}

static enum err
load(struct channel_context *c, struct trouble *t)
{
	const struct collector_config *config = c->config;

	ERR_clear_error();
	if (SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof(alpn) - 1) != 0)
		return trouble_set(t, ERR_CRYPTO, "TLS: %s", channel_crypto_reason());
	if (SSL_CTX_use_certificate_chain_file(c->ssl, config->tls.certificate) != 1)
		return trouble_set(t, ERR_CONFIG, "tls.certificate %s: %s", config->tls.certificate,
		    channel_crypto_reason());
	if (SSL_CTX_use_PrivateKey_file(c->ssl, config->tls.key, SSL_FILETYPE_PEM) != 1)
		return trouble_set(
		    t, ERR_CONFIG, "tls.key %s: %s", config->tls.key, channel_crypto_reason());
	if (SSL_CTX_check_private_key(c->ssl) != 1)
		return trouble_set(t, ERR_CONFIG,
		    "tls.key %s does not belong to tls.certificate %s", config->tls.key,
		    config->tls.certificate);
	if (SSL_CTX_load_verify_file(c->ssl, config->tls.signer_ca) != 1)
		return trouble_set(t, ERR_CONFIG, "tls.signer_ca %s: %s", config->tls.signer_ca,
		    channel_crypto_reason());
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	/* The chain that is sent is the file's: the signer has its CA, and would decode it each
	 * time. */
	SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ssl, on_ticket);
	return ERR_OK;
}

/*
 * Keeps the newest ticket of each signer; the connection knows where. A copy, because OpenSSL marks
 * the connection's own session as not resumable when the connection ends without a good-bye, and
 * coming back after that is what tickets are for.
 */
static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **place = SSL_get_app_data(ssl), *copy;

	if (place == NULL || !SSL_SESSION_is_resumable(session) ||
	    (copy = SSL_SESSION_dup(session)) == NULL)
		return 0;
	SSL_SESSION_free(*place);
	*place = copy;
	return 0; /* the reference stays the connection's */
}

#include "collector/report/channel_context.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "config/pass_phrase.h"
#include "proto/wire/message.h"

/* As a TLS extension has it: a length and the name. */
static const unsigned char alpn[] = "\x08" PROTOCOL_ALPN;

/* One of the parts of a context that come from files. ERR_CONFIG, without words where one is NULL.
 */
typedef enum err load_part(const struct collector_config *config, SSL_CTX *ssl, struct trouble *t);

static enum err load(struct channel_context *c, struct trouble *t);
static load_part load_own;
static load_part load_signer_ca;
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

bool
channel_context_check(
    const struct collector_config *config, void (*tell)(const char *what, const struct trouble *t))
{
	load_part *const parts[] = {load_own, load_signer_ca};
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
	bool good = ssl != NULL;

	for (size_t i = 0; ssl != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct trouble t = TROUBLE_INIT;

		good = parts[i](config, ssl, &t) == ERR_OK && good;
		if (t.text[0] != '\0')
			tell("tls", &t);
	}
	SSL_CTX_free(ssl);
	return good;
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
	const char *reason = ERR_SYSTEM_ERROR(number) ? strerrordesc_np(ERR_GET_REASON(number))
						      : ERR_reason_error_string(number);

	ERR_clear_error();
	return reason != NULL ? reason : "no reason given";
}

static enum err
load(struct channel_context *c, struct trouble *t)
{
	enum err e;

	ERR_clear_error();
	if (SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof(alpn) - 1) != 0)
		return trouble_set(t, ERR_CRYPTO, "TLS: %s", channel_crypto_reason());
	if ((e = load_own(c->config, c->ssl, t)) != ERR_OK ||
	    (e = load_signer_ca(c->config, c->ssl, t)) != ERR_OK)
		return e;
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

static enum err
load_own(const struct collector_config *config, SSL_CTX *ssl, struct trouble *t)
{
	bool locked = false;

	if (config->tls.certificate == NULL)
		return ERR_CONFIG;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ssl, config->tls.certificate) != 1)
		return trouble_set(t, ERR_CONFIG,
		    "tls.certificate %s: expected a PEM certificate chain, found %s",
		    config->tls.certificate, channel_crypto_reason());
	if (config->tls.key == NULL)
		return ERR_CONFIG;
	SSL_CTX_set_default_passwd_cb(ssl, pass_phrase_refuse);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &locked);
	/* This compares it with the certificate, too. */
	if (SSL_CTX_use_PrivateKey_file(ssl, config->tls.key, SSL_FILETYPE_PEM) != 1)
		return trouble_set(t, ERR_CONFIG,
		    "tls.key %s: expected the PEM private key of tls.certificate %s, found %s; the "
		    "two must be made together, the key without a pass phrase",
		    config->tls.key, config->tls.certificate,
		    locked ? "a key behind a pass phrase" : channel_crypto_reason());
	SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
	return ERR_OK;
}

static enum err
load_signer_ca(const struct collector_config *config, SSL_CTX *ssl, struct trouble *t)
{
	if (config->tls.signer_ca == NULL)
		return ERR_CONFIG;
	ERR_clear_error();
	if (SSL_CTX_load_verify_file(ssl, config->tls.signer_ca) != 1)
		return trouble_set(t, ERR_CONFIG,
		    "tls.signer_ca %s: expected PEM certificates of the signer's CA, found %s",
		    config->tls.signer_ca, channel_crypto_reason());
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

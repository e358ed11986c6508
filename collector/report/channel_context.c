#include "collector/report/channel_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "config/pass_phrase.h"
#include "proto/wire/message.h"
#include "trust/authorities.h"
#include "trust/crypto_reason.h"
#include "trust/own_chain.h"
#include "trust/pem_blocks.h"
#include "trust/verifier.h"

/* As a TLS extension has it: a length and the name. */
static const unsigned char alpn[] = "\x08" PROTOCOL_ALPN;

/* One of the parts of a context that come from files. ERR_CONFIG, without words where one is NULL.
 */
typedef enum err load_part(const struct collector_config *config, SSL_CTX *ssl, struct trouble *t);

static enum err load(const struct collector_config *config, SSL_CTX **out, struct trouble *t);
static void forget_tickets(struct channel_context *c);
static void take_ends(struct channel_context *c);
static enum err read_file(const char *key, const char *path, struct buf *to, struct trouble *t);
static load_part load_own;
static load_part load_signer_ca;
static int on_ticket(SSL *ssl, SSL_SESSION *session);

enum err
channel_context_new(
    const struct collector_config *config, struct channel_context **out, struct trouble *t)
{
	struct channel_context *c = calloc(1, sizeof(*c));
	const char *const files[] = {
	    config->tls.certificate, config->tls.key, config->tls.signer_ca};
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->config = config;
	renewal_begin(&c->renewal, files, sizeof(files) / sizeof(files[0]));
	if ((c->tickets = calloc(config->signer_count, sizeof(*c->tickets))) == NULL)
		e = ERR_MEMORY;
	else
		e = load(config, &c->ssl, t);
	if (e == ERR_OK) {
		take_ends(c);
		*out = c;
	} else {
		channel_context_free(&c);
	}
	return e;
}

void
channel_context_free(struct channel_context **c)
{
	if (*c == NULL)
		return;
	forget_tickets(*c);
	free((*c)->tickets);
	SSL_CTX_free((*c)->ssl);
	free(*c);
	*c = NULL;
}

enum channel_renewal
channel_context_renew(struct channel_context *c, uint64_t now_ms, struct trouble *t)
{
	char why[VERIFIER_REASON_SIZE];
	SSL_CTX *fresh = NULL;
	enum err e;

	if (!renewal_is_due(&c->renewal, now_ms))
		return CHANNEL_AS_IT_WAS;
	if ((e = load(c->config, &fresh, t)) == ERR_OK && !own_chain_is_sound(fresh, why))
		e = trouble_set(
		    t, ERR_CONFIG, "tls.certificate %s: %s", c->config->tls.certificate, why);
	if (e != ERR_OK) {
		SSL_CTX_free(fresh);
		return renewal_refused(&c->renewal, now_ms) ? CHANNEL_REFUSED : CHANNEL_AS_IT_WAS;
	}
	renewal_taken(&c->renewal);
	forget_tickets(c); /* they are for who this host was */
	SSL_CTX_free(c->ssl);
	c->ssl = fresh; /* moved */
	take_ends(c);
	return CHANNEL_RENEWED;
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
	const char *reason = crypto_reason();

	return reason != NULL ? reason : "no reason given";
}

/* *out is NULL if it fails. */
static enum err
load(const struct collector_config *config, SSL_CTX **out, struct trouble *t)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
	enum err e;

	*out = NULL;
	if (ssl == NULL)
		return ERR_MEMORY;
	ERR_clear_error();
	if (SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1) != 0)
		e = trouble_set(t, ERR_CRYPTO, "TLS: %s", channel_crypto_reason());
	else if ((e = load_own(config, ssl, t)) == ERR_OK)
		e = load_signer_ca(config, ssl, t);
	if (e != ERR_OK) {
		SSL_CTX_free(ssl);
		return e;
	}
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	/* The chain that is sent is the file's: the signer has its CA, and would decode it each
	 * time. */
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, on_ticket);
	*out = ssl;
	return ERR_OK;
}

static void
forget_tickets(struct channel_context *c)
{
	for (size_t i = 0; c->tickets != NULL && i < c->config->signer_count; i++) {
		SSL_SESSION_free(c->tickets[i]);
		c->tickets[i] = NULL;
	}
}

static void
take_ends(struct channel_context *c)
{
	X509_STORE *store = NULL;

	expiry_of_chain(&c->own, "tls.certificate", c->ssl);
	if (SSL_CTX_get0_verify_cert_store(c->ssl, &store) == 1)
		expiry_of_authorities(&c->signer_ca, "tls.signer_ca", verifier_authorities(store));
}

static enum err
read_file(const char *key, const char *path, struct buf *to, struct trouble *t)
{
	const enum err e = pem_file_read(path, to);

	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	return trouble_set(
	    t, ERR_CONFIG, "%s %s: %s", key, path, e == ERR_IO ? strerror(errno) : err_text(e));
}

static enum err
load_own(const struct collector_config *config, SSL_CTX *ssl, struct trouble *t)
{
	struct buf pem = BUF_INIT;
	bool locked = false;
	const char *why;
	enum err e;

	if (config->tls.certificate == NULL)
		return ERR_CONFIG;
	if ((e = read_file("tls.certificate", config->tls.certificate, &pem, t)) == ERR_OK &&
	    (e = own_chain_use(ssl, NULL, buf_view(&pem), &why)) != ERR_OK)
		(void)trouble_set(t, e,
		    "tls.certificate %s: expected a PEM certificate chain, found %s",
		    config->tls.certificate, why);
	buf_free(&pem);
	if (e != ERR_OK)
		return e;
	if (config->tls.key == NULL)
		return ERR_CONFIG;
	ERR_clear_error();
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
	struct faults faults = FAULTS_INIT;
	struct authorities *a = NULL;
	struct buf pem = BUF_INIT;
	X509_STORE *store;
	enum err e;

	if (config->tls.signer_ca == NULL)
		return ERR_CONFIG;
	if ((e = read_file("tls.signer_ca", config->tls.signer_ca, &pem, t)) == ERR_OK &&
	    (e = authorities_parse(config->tls.signer_ca, "tls.signer_ca", buf_view(&pem), NULL,
		 &faults, &a)) == ERR_CONFIG)
		(void)trouble_set(t, e, "%s: %s", faults.fault[0].file, faults.fault[0].text);
	faults_free(&faults);
	buf_free(&pem);
	if (e != ERR_OK)
		return e;
	store = verifier_new(a, NULL); /* takes them */
	e = store != NULL ? verifier_attach(store, ssl) : ERR_MEMORY;
	X509_STORE_free(store);
	return e;
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

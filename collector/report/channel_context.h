/*
 * Certificates, keys and tickets: what connections to signers share (collector/report/channel.h).
 */
#ifndef HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H
#define HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "config/collector_config.h"
#include "proto/err.h"

/* Read by channel.c alone. A connection's application data is the place of its signer's ticket. */
struct channel_context {
	const struct collector_config *config; /* borrowed */
	SSL_CTX *ssl;
	SSL_SESSION **tickets; /* by signer; NULL: none yet */
};

/* ERR_CONFIG with the trouble in words (which file, why). `config` must outlive it. */
enum err channel_context_new(const struct collector_config *config, struct channel_context **out,
    struct trouble *t) MUST_USE;
void channel_context_free(struct channel_context **c);

/*
 * Whether channel_context_new would succeed, by each file that is not NULL: every trouble is told.
 * To be used with a faulty configuration, too (collector_config_inspect).
 */
bool channel_context_check(
    const struct collector_config *config, void (*tell)(const char *what, const struct trouble *t));

/* The collector's private key; borrowed. */
EVP_PKEY *channel_context_key(const struct channel_context *c);

/* The text of the oldest error in OpenSSL's queue, which is emptied. */
const char *channel_crypto_reason(void);

#endif

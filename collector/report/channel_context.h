/*
 * Certificates, keys and tickets: what connections to signers share (collector/report/channel.h).
 */
#ifndef HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H
#define HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"
#include "trust/expiry.h"
#include "trust/renewal.h"

/* Read by channel.c and reporter_renew.c alone. A connection's application data is the place of its
 * signer's ticket. */
struct channel_context {
	const struct collector_config *config; /* borrowed */
	SSL_CTX *ssl;
	SSL_SESSION **tickets;  /* by signer; NULL: none yet */
	struct renewal renewal; /* of certificate, key and signer_ca */
	struct expiry own, signer_ca;
};

/* ERR_CONFIG with the trouble in words (which file, why). `config` must outlive it. */
enum err channel_context_new(const struct collector_config *config, struct channel_context **out,
    struct trouble *t) MUST_USE;
void channel_context_free(struct channel_context **c);

/*
 * A look at the files, at a time of interrupt_clock_ms. Those that are new, whole and good take the
 * place of what was read before, for connections to come; tickets are forgotten. Those that are not
 * are refused, with what is wrong, once. Whoever looks often is told soon: nothing is read before.
 */
enum channel_renewal { CHANNEL_AS_IT_WAS, CHANNEL_RENEWED, CHANNEL_REFUSED };
enum channel_renewal channel_context_renew(
    struct channel_context *c, uint64_t now_ms, struct trouble *t);

/*
 * Whether channel_context_new would succeed, by each file that is not NULL: every trouble is told.
 * To be used with a faulty configuration, too (collector_config_inspect).
 */
bool channel_context_check(
    const struct collector_config *config, void (*tell)(const char *what, const struct trouble *t));

/* The collector's private key; borrowed until the files are renewed. */
EVP_PKEY *channel_context_key(const struct channel_context *c);

/* The text of the oldest error in OpenSSL's queue, which is emptied. */
const char *channel_crypto_reason(void);

#endif

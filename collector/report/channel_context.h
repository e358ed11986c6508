/*
 * The inside of channel_context, shared by the two files that make it up.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H
#define HALLMARK_COLLECTOR_REPORT_CHANNEL_CONTEXT_H

#include <openssl/ssl.h>

#include "collector/report/channel.h"

struct channel_context {
	const struct collector_config *config; /* borrowed */
	SSL_CTX *ssl;
	SSL_SESSION **tickets; /* by signer; NULL: none yet */
};

/* The text of the oldest error in OpenSSL's queue, which is emptied. */
const char *channel_crypto_reason(void);

#endif

/*
 * What goes between the process that reports and the one that gives tokens (collector/tokens/
 * giver.h), over a socket with borders: both ends are one program.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_GIVER_CHANNEL_H
#define HALLMARK_COLLECTOR_TOKENS_GIVER_CHANNEL_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/evidence/bundle.h"
#include "proto/wire/message.h"

enum giver_what { GIVER_PUT = 1, GIVER_RELOAD = 2 };

/* Behind it stand the tokens, one after the other. */
struct giver_order {
	uint32_t what;
	char workload[BUNDLE_WORKLOAD_MAX + 1]; /* with NUL */
	uint32_t count;
	uint32_t size[MESSAGE_TOKENS_MAX]; /* bytes */
};

#define GIVER_ORDER_MAX (sizeof(struct giver_order) + (size_t)MESSAGE_TOKENS_MAX * MESSAGE_JWS_MAX)

/* What has come of it since the start. */
struct giver_counts {
	uint64_t files, file_failures; /* written; could not be written or removed */
	uint64_t given;                /* to processes that asked */
	/* and refused: to one that is not of the workload, or had ended; to a malformed request;
	 * for there is none now; for too many ask at once */
	uint64_t strangers, gone, malformed, without, busy;
};

/* What the giver says: how it goes, and what went wrong, unless that is ERR_OK. */
struct giver_news {
	uint32_t code; /* enum err */
	struct trouble why;
	struct giver_counts counts;
};

#endif

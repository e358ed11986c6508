/*
 * The newest checkpoint of a log: what the log shows now, which is authentic and begins with all
 * that was accepted before, or is an alarm; and the log, to be read as of it.
 *
 * What is accepted is durable before anything is read of it (register/follow/verified.h).
 */
#ifndef HALLMARK_REGISTER_FOLLOW_NEWEST_H
#define HALLMARK_REGISTER_FOLLOW_NEWEST_H

#include <stdbool.h>
#include <stdint.h>

#include "config/register_config.h"
#include "log/log_reader.h"
#include "register/follow/troubles.h"
#include "register/follow/verified.h"

struct newest {
	const struct register_log *config; /* borrowed, as the next two */
	const struct seal_wanted *seal;
	struct troubles *troubles;
	struct verified verified;
	struct log_reader log; /* as of the newest that was accepted in this process */
	uint64_t seen_ms;      /* CLOCK_BOOTTIME, when the log last showed one that was accepted */
};

/*
 * Reads what was accepted before, in the log's state directory. Not good: it cannot be told, which
 * the troubles have words for. To be closed whatever comes out.
 */
enum outcome newest_open(struct newest *n, int state, const struct register_log *config,
    const struct seal_wanted *seal, struct troubles *troubles) MUST_USE;
void newest_close(struct newest *n);

/* Whether the log shows one that is accepted now; else why not is among the troubles. */
bool newest_look(struct newest *n) MUST_USE;

#endif

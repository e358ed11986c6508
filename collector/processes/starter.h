/*
 * The process that starts measuring ones (collector/processes/measuring.h), one for each
 * measurement of a workload: it alone still can, since whoever reports has given up processes and
 * capabilities. It parses nothing but the configuration, and speaks to nobody but the process that
 * reports.
 *
 * It is made by the program itself before there are threads and before a secret is read, and so are
 * its children by it: none of them can have one. A socket it makes for them, too, by which the
 * kernel is asked what listens (collector/machine/listeners.h). It ends with the process that made
 * it, and they with it.
 *
 * Of one workload there is one measuring process at a time. One that waits for a file system that
 * does not answer cannot be ended: then there is no other one of that workload until it has, also
 * behind a reload, and nobody waits for it.
 *
 * The channel to it is a socket with borders. It gets orders, each with a number:
 *
 *   measure   start a process that measures this workload
 *   end       end the process that was started for the order of this number
 *   reload    end all, and read the configuration; one with faults is not taken
 *
 * and says in messages of one form, each with the number of the order that it is about:
 *
 *   measuring one is there, with that configuration; its channel (collector/processes/exchange.h)
 *             comes with it, and behind that, where there is one, what is to be heard of changes
 *             of what it reads (collector/watch/lay.h)
 *   stuck     there is one of that workload that cannot be ended
 *   ended     it ended otherwise than after its answer and without being told to, or could not be
 *             started, and why
 *   resting   the last one that was there has ended; of no order
 *
 * Each says how much processor time all of them have used until then, and itself.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_STARTER_H
#define HALLMARK_COLLECTOR_PROCESSES_STARTER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/digest.h"
#include "proto/err.h"

/* So long an end may take that was ordered before the next order of the same workload is refused.
 */
#define STARTER_END_MS 200

enum starter_what { STARTER_MEASURE = 1, STARTER_END = 2, STARTER_RELOAD = 3 };

enum starter_event {
	STARTER_MEASURING = 1,
	STARTER_STUCK = 2,
	STARTER_ENDED = 3,
	STARTER_RESTING = 4,
};

/* As they go through the socket: both ends are one program. */
struct starter_order {
	uint32_t what;
	uint32_t number;   /* rising, modulo 2^32; of `end`: of the order that is meant */
	uint32_t workload; /* measure: its number in the configuration */
};

#define STARTER_DESCRIPTORS 2 /* most that come with a message */

struct starter_message {
	uint32_t event;
	uint32_t number;
	struct digest configuration; /* measuring: SHA-256 of the file */
	struct trouble why;          /* ended */
	uint64_t spent_us;           /* processor time since the start */
};

/*
 * Makes it, with `config` that was loaded from `path`; `*control` is our end of the channel.
 * `tells_progress`: what it starts says how far it is. ERR_IO with the trouble in words.
 */
enum err starter_begin(const char *path, struct collector_config *config, bool tells_progress,
    int *control, struct trouble *t) MUST_USE;

#endif

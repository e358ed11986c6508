/*
 * The process that starts measuring ones (collector/processes/measuring.h), and a next one when one
 * is gone: it alone still can, since whoever reports has given up processes and capabilities. It
 * parses nothing but the configuration, and speaks to nobody but the process that reports.
 *
 * It is made by the program itself before there are threads and before a secret is read, and so are
 * its children by it: none of them can have one. It ends with the process that made it, and they
 * with it.
 *
 * A measuring process that ends is followed by another one: at once, and later and later, up to
 * STARTER_BACK_MOST_MS, while they live no longer than STARTER_LIVED_MS.
 *
 * The channel to it is a socket with borders. It gets requests:
 *
 *   another   end the measuring process, start one
 *   reload    the same, and read the configuration before; one with faults is not taken
 *
 * and says in messages of one form, each with the number of requests that it has heard by then:
 *
 *   measurer  one is there; its channel (collector/processes/exchange.h) comes with it
 *   ended     one has ended without being told to, or could not be started, and why
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_STARTER_H
#define HALLMARK_COLLECTOR_PROCESSES_STARTER_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector_config.h"
#include "proto/err.h"

#define STARTER_BACK_FIRST_MS 100
#define STARTER_BACK_MOST_MS  10000
#define STARTER_LIVED_MS      10000 /* one that was of use at least for a round of few workloads */

enum starter_request { STARTER_ANOTHER = 1, STARTER_RELOAD = 2 };

enum starter_event { STARTER_MEASURER = 1, STARTER_ENDED = 2 };

/* As it goes through the socket: both ends are one program. */
struct starter_message {
	uint32_t event;
	uint32_t heard;     /* requests, modulo 2^32 */
	struct trouble why; /* ended */
};

/*
 * Makes it, with `config` that was loaded from `path`; `*control` is our end of the channel. ERR_IO
 * with the trouble in words.
 */
enum err starter_begin(
    const char *path, struct collector_config *config, int *control, struct trouble *t) MUST_USE;

#endif

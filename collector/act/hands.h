/*
 * The process that does it ("hallmark-hands"): the only one with the right to.
 *
 * It hears who decides ("hallmark-act") and nobody else, and of what it hears it looks at numbers
 * alone: what is done to which control group or unit stands in the configuration, which it reads
 * itself. It speaks to nobody, reads no receipt and no statement, and writes nowhere but below the
 * control groups. Of the capabilities it has, as far as they are held, CAP_DAC_OVERRIDE, for files
 * of control groups are root's, and CAP_NET_ADMIN, which alone goes on to the programs that it
 * starts, nft and systemctl. A hijacked decider can so do what the configuration names, and nothing
 * else.
 *
 * One thing at a time, in the order in which they come.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HANDS_H
#define HALLMARK_COLLECTOR_ACT_HANDS_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/digest.h"
#include "proto/err.h"

struct hand_order {
	struct digest configuration; /* in which the numbers stand */
	uint32_t workload, act;
	uint32_t undo;
	uint64_t number;
};

struct hand_done {
	uint64_t number;
	uint32_t code; /* enum err */
	struct trouble why;
};

/*
 * Makes the process (apart_fork). *control gets the socket for orders, with borders. ERR_IO with
 * the trouble.
 */
enum err hands_begin(
    const char *path, struct collector_config *config, int *control, struct trouble *t) MUST_USE;

#endif

/*
 * One program of a hook, from its start to the end of all that it has started: by a process that
 * does nothing else.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HOOK_KEEPER_H
#define HALLMARK_COLLECTOR_ACT_HOOK_KEEPER_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"

#define HOOK_OUTPUT_MAX 1024 /* bytes that are kept of what a program writes */

/* Its descendants have so long to be gone, once they are killed. */
#define HOOK_END_MS 5000

struct hook_done {
	uint64_t number;
	uint64_t result;    /* of a bundle's `actions` */
	uint32_t left;      /* descendants that could not be ended */
	struct trouble why; /* where it was not started */
	uint32_t output_size;
	uint8_t output[HOOK_OUTPUT_MAX]; /* of both its outputs, the beginning */
};

/*
 * Runs it, with `input` on its stdin, and fills all of `done` but its number. `control`: a socket
 * whose other end is who wants it run; if that is gone, it is ended.
 */
void hook_keeper_run(
    const struct collector_hook *hook, struct view input, int control, struct hook_done *done);

#endif

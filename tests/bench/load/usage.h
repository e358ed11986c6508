/*
 * Processor time of the processes that are watched, between two points in time.
 */
#ifndef HALLMARK_LOAD_USAGE_H
#define HALLMARK_LOAD_USAGE_H

#include <stdint.h>

#include "tests/bench/load/options.h"

struct usage {
	uint64_t at_us;                       /* wall */
	uint64_t own_us;                      /* of this process */
	uint64_t other_us[OPTIONS_WATCH_MAX]; /* of each watched one, all its threads */
};

void usage_read(const struct options *o, struct usage *u);

/* Prints `"load_busy":0.97,"busy":[0.99,0.31]`: parts of one core, in the order of --watch. */
void usage_print(const struct options *o, const struct usage *from, const struct usage *to);

#endif

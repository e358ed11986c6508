/*
 * What a process that fetches pages (collector/web/fetching.h) answers to the one that measures
 * their workload, once, over a stream of their own. It may be hijacked: it is believed in what it
 * says of pages, up to limits, and in nothing else. Both are of one build.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_WEB_ANSWER_H
#define HALLMARK_COLLECTOR_MEASURE_WEB_ANSWER_H

#include <stdint.h>

#include "collector/ground/trouble.h"

#define WEB_ANSWER_MAX (8 << 20) /* bytes of lines: half of what a component may have */

/* Lines follow, `size` bytes: "FACT VALUE" each, with a line feed behind. */
struct web_answer {
	uint32_t code; /* enum err; 0: here they are */
	uint32_t size;
	struct trouble why;
};

#endif

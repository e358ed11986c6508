/*
 * How far it is, on stderr, if that is a terminal; silence in a pipe.
 */
#ifndef HALLMARK_AUDITOR_PROGRESS_H
#define HALLMARK_AUDITOR_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;
	uint64_t total;
	uint64_t last_percent;
};

void progress_begin(struct progress *p, uint64_t total);
void progress_at(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

#endif

/*
 * One line on stderr that says how far a long check has come, where a person is looking.
 */
#ifndef HALLMARK_LOG_PROGRESS_H
#define HALLMARK_LOG_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	uint64_t total;
	uint64_t last_percent;
	bool shown; /* stderr is a terminal */
};

void progress_begin(struct progress *p, uint64_t total);

/* Cheap; writes when the percentage changes. */
void progress_at(struct progress *p, uint64_t done);

/* Wipes the line. */
void progress_end(struct progress *p);

#endif

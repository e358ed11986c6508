/*
 * One line on stderr that says how far a long check has come, where a person is looking.
 */
#ifndef HALLMARK_AUDITOR_TELL_PROGRESS_H
#define HALLMARK_AUDITOR_TELL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	uint64_t last_percent;
	bool begun;
	bool shown; /* stderr is a terminal, and there is something to do */
};

#define PROGRESS_INIT                                                                              \
	{                                                                                          \
		0, false, false                                                                    \
	}

/* Cheap; writes when the percentage changes, and wipes the line when all is done. */
void progress_at(struct progress *p, uint64_t done, uint64_t total);

#endif

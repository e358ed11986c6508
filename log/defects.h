/*
 * What is wrong with a log, named as it is found: each with its file, counted, up to a limit.
 */
#ifndef HALLMARK_LOG_DEFECTS_H
#define HALLMARK_LOG_DEFECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"

struct defects {
	const struct findings *findings; /* where each is told */
	uint64_t max;                    /* of bad and unknown together; then the search ends */
	uint64_t bad;                    /* proved */
	uint64_t unknown;                /* could not be read */
	uint64_t remarks;                /* not wrong, but not expected either */
};

/* `to` must outlive it. */
void defects_begin(struct defects *f, const struct findings *to, uint64_t max);

/* Not OUTCOME_GOOD. `what` is a file, or what else is wrong. */
void defects_add(struct defects *f, enum outcome o, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells at most `max` of them. */
void defects_remark(struct defects *f, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* So many that it is not worth going on. */
bool defects_full(const struct defects *f);

enum outcome defects_outcome(const struct defects *f);

#endif

/*
 * Why an entry of a log is not good: the worst of what its checks find, and of equals the first.
 */
#ifndef HALLMARK_LOG_REASON_H
#define HALLMARK_LOG_REASON_H

#include "log/outcome.h"
#include "proto/digest.h"

#define REASON_SIZE                                                                                \
	768 /* bytes: a sentence with two excerpts or two names; what is longer is cut */

struct reason {
	enum outcome outcome;   /* OUTCOME_GOOD: nothing was found */
	char text[REASON_SIZE]; /* names from outside stand in it as they are */
};

void reason_begin(struct reason *r);

/* Adds a finding, which is not OUTCOME_GOOD. */
void reason_add(struct reason *r, enum outcome o, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Bad: "<what>: expected <hex>, found <hex>". */
void reason_add_digests(
    struct reason *r, const char *what, const struct digest *expected, const struct digest *found);

#endif

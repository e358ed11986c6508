/*
 * Results as JUnit's XML has them, for what runs tests of others.
 */
#ifndef HALLMARK_SIGNER_CASES_JUNIT_H
#define HALLMARK_SIGNER_CASES_JUNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

/* Zero-initialised: none yet. */
struct junit {
	struct buf cases;
	size_t count, failed;
};

/* `words`: why it failed. */
void junit_add(struct junit *j, const char *name, bool passed, struct view words);

/* Writes a file, in place of one that was there. False, with errno, if it cannot. */
bool junit_write(const struct junit *j, const char *path);
void junit_free(struct junit *j);

#endif

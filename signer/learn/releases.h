/*
 * Releases, as they were seen: the contents of the main processes' program, in the order in which
 * they came, and what was seen with one of them and not with all.
 *
 * A content is a release if its place is known: a host had it before or behind another one, and
 * which of the two was seen first, on whatever host, says the same. One that differs between hosts,
 * and always did, or was first seen in the same second as another, is none.
 */
#ifndef HALLMARK_SIGNER_LEARN_RELEASES_H
#define HALLMARK_SIGNER_LEARN_RELEASES_H

#include <stdbool.h>
#include <stddef.h>

#include "signer/learn/seen.h"

/* As many sets as count at one time, but for one of each kind of files. */
#define RELEASES_MAX 12

struct releases {
	const struct seen_item *program[RELEASES_MAX]; /* the oldest first */
	size_t count;                                  /* 0, or two at least */
	size_t unordered;                              /* contents of the program that are none */
	bool too_many;                                 /* then none is one */
};

/* The items that were seen have to outlive it. */
void releases_find(const struct seen *seen, struct releases *out);

/* Whether a file's content was seen in a report of this release. */
bool releases_has(const struct releases *r, size_t release, const struct seen_item *content);

/* Whether it belongs to releases: it is the program of one, or was seen with some and not all. */
bool releases_divide(const struct releases *r, const struct seen_item *content);

#endif

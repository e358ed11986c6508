/*
 * Whether files have been renewed: looked at from time to time, without being read. What renews
 * them may write several, one after the other, or one in pieces: they count as renewed when they
 * have stood still from one look to the next. Files that were found bad are not tried again until
 * they change, or for RENEWAL_RETRY_MS: a certificate may have been bad for the time alone.
 */
#ifndef HALLMARK_TRUST_RENEWAL_H
#define HALLMARK_TRUST_RENEWAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "proto/bytes.h"

#define RENEWAL_FILES_MAX 4
#define RENEWAL_RETRY_MS  60000

/* Of a file as stat(2) has it; all zero where there is none. */
struct renewal_stamp {
	uint64_t device, inode, size;
	struct timespec written, changed;
};

struct renewal {
	const char *path[RENEWAL_FILES_MAX]; /* borrowed */
	size_t count;
	struct renewal_stamp taken[RENEWAL_FILES_MAX];   /* those in force */
	struct renewal_stamp seen[RENEWAL_FILES_MAX];    /* at the last look */
	struct renewal_stamp refused[RENEWAL_FILES_MAX]; /* found bad */
	bool any_refused;
	uint64_t refused_ms;
};

/*
 * Before the files are read, so that what is written meanwhile is a renewal. Paths that are NULL
 * are left out.
 */
void renewal_begin(struct renewal *r, const char *const *paths, size_t count);

/* A look, at a monotonic time: whether there is something new to be read. */
bool renewal_is_due(struct renewal *r, uint64_t now_ms);

/* Appends the paths of the files that were renewed since those in force, with ", " between. */
void renewal_append_news(const struct renewal *r, struct buf *to);

/* What has come of it. Returns whether the same files have not been refused before. */
void renewal_taken(struct renewal *r);
bool renewal_refused(struct renewal *r, uint64_t now_ms);

#endif

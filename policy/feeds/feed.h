/*
 * A feed that was read: its text, which owns what its advisories are views into.
 */
#ifndef HALLMARK_POLICY_FEEDS_FEED_H
#define HALLMARK_POLICY_FEEDS_FEED_H

#include "config/faults.h"
#include "policy/feeds/advisories.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

struct feed {
	struct digest digest; /* of the text */
	struct buf text;
	struct advisories *advisories;
};

/* `text` is moved, also on an error. As advisories_parse; ERR_MEMORY. */
enum err feed_make(
    const char *file, struct buf *text, struct faults *faults, struct feed **out) MUST_USE;
void feed_free(struct feed **f);

#endif

/*
 * The feeds of advisories in force behind a notice, by their names: of each the newest. In a log
 * one is known by its digest; its text is given or fetched before anything is appraised by it.
 */
#ifndef HALLMARK_POLICY_FEEDS_IN_FORCE_H
#define HALLMARK_POLICY_FEEDS_IN_FORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/feeds/feed.h"
#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/inforce.h"

struct feed_in_force {
	struct buf name;
	struct digest digest;
	uint64_t written_s; /* since 1970: its file, as the notice says */
	struct feed *feed;  /* NULL: not here yet */
};

/* Zeroed: none is. */
struct feeds_in_force {
	struct feed_in_force feed[INFORCE_FEEDS_MAX]; /* by name */
	size_t count;
};

void feeds_in_force_free(struct feeds_in_force *f);

/* NULL: none of this name is. */
const struct feed_in_force *feeds_in_force_find(const struct feeds_in_force *f, struct view name);

/*
 * This one is, instead of the one before of its name. ERR_FORMAT_SIZE if there would be more than
 * INFORCE_FEEDS_MAX; ERR_MEMORY: all is as it was.
 */
enum err feeds_in_force_take(struct feeds_in_force *f, struct view name,
    const struct digest *digest, uint64_t written_s) MUST_USE;

/* The text of one of them, moved; where it is none that is wanted it is freed. */
void feeds_in_force_give(struct feeds_in_force *f, struct feed **feed);

/* The texts that are not here. ERR_DIGEST, ERR_CONFIG if one is no feed, ERR_MEMORY; what `fetch`
 * returned. */
enum err feeds_in_force_fetch(
    struct feeds_in_force *f, policy_fetch *fetch, void *context) MUST_USE;

#endif

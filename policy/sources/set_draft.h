/*
 * A reference set while it is made: what sources gave, and what they had that no set can say.
 *
 * Written, it is the same bytes for the same sources, in whatever order these come.
 */
#ifndef HALLMARK_POLICY_SOURCES_SET_DRAFT_H
#define HALLMARK_POLICY_SOURCES_SET_DRAFT_H

#include <stdio.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/reference_entry.h"

/* Entries of all sources: as many as a set of the largest size can have, and some. */
#define SET_DRAFT_ENTRIES_MAX 250000

struct set_draft;

struct set_draft *set_draft_new(void); /* aborts for want of memory: a command that just started */
void set_draft_free(struct set_draft **g);

size_t set_draft_count(const struct set_draft *g);

/*
 * Copies the entry. ERR_CONFIG, with a fault of `file`, for a path that no set may have or more
 * than SET_DRAFT_ENTRIES_MAX.
 */
enum err set_draft_add(struct set_draft *g, const struct reference_entry *e, const char *file,
    struct faults *faults) MUST_USE;

/*
 * All that is behind the first `from` entries was one source's, which says one thing of a path: a
 * fault for each that it says two of (the first ones), and for each that lies below one of its own
 * links, because that is not where it would be measured. ERR_CONFIG then.
 */
enum err set_draft_settle(
    struct set_draft *g, size_t from, const char *file, struct faults *faults) MUST_USE;

/* What a source had and the set has not. `why` is a literal: what is left out is told by it. */
void set_draft_leave_out(struct set_draft *g, struct view name, const char *why);

/* A line for each reason: how many, why, and the names of some. */
void set_draft_tell_left_out(const struct set_draft *g, FILE *to);

/*
 * Appends the set: one spelling of each entry, sorted, none twice; `count` tells how many.
 * ERR_CONFIG, with a fault of `file`, if there is none, or it is larger than a set may be.
 */
enum err set_draft_write(struct set_draft *g, const char *file, struct faults *faults,
    struct buf *to, size_t *count) MUST_USE;

#endif

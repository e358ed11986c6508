/*
 * A log's walk from one start to the next: when it is written down (register/follow/frozen.h), and
 * whether what was written down may be gone on from.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_KEPT_WALK_H
#define HALLMARK_REGISTER_FOLLOW_KEPT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "log/log_reader.h"
#include "log/tree_check.h"
#include "log/walk/walk.h"
#include "proto/digest.h"
#include "proto/err.h"

struct kept_walk {
	int dir;         /* of the log's state; borrowed */
	const char *log; /* its name, for the journal */
	struct digest under;
	uint64_t every_s;
	uint64_t size;  /* that was written down last */
	uint64_t at_ms; /* not before; CLOCK_BOOTTIME */
};

/* How far a walk is. */
struct kept_walk_place {
	uint64_t size; /* entries */
	uint64_t newest_issued_s;
};

/*
 * Into a new walk, and the tree check goes on from there, too. `most`: entries that all who listen
 * have kept. ERR_NOT_FOUND: nothing was written down that counts. After any error the walk is good
 * for nothing, and the tree check has to be resumed.
 */
enum err kept_walk_thaw(struct kept_walk *k, const struct log_reader *l, uint64_t most,
    struct walk *w, struct tree_check *tree, struct kept_walk_place *out) MUST_USE;

/* From time to time; the longer it takes, the less often. */
bool kept_walk_is_due(const struct kept_walk *k, uint64_t size);

/* Everybody who listens has kept what is before this place. */
void kept_walk_freeze(struct kept_walk *k, const struct log_reader *l, const struct walk *w,
    const struct kept_walk_place *place);

#endif

/*
 * What a log says that this version does not know: it is carried, decides nothing, and is named to
 * people, once each.
 */
#ifndef HALLMARK_LOG_WALK_UNKNOWNS_H
#define HALLMARK_LOG_WALK_UNKNOWNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/defects.h"
#include "proto/bytes.h"

#define UNKNOWNS_MAX       64 /* told apart; later versions have not that many new words */
#define UNKNOWNS_NAME_SIZE 40 /* bytes of a name that are kept: no word of ours is longer */

struct unknowns_seen {
	const char *what; /* such as "extension"; static text */
	char name[UNKNOWNS_NAME_SIZE];
	uint64_t first; /* entry that it was first seen in */
	uint64_t count; /* entries */
};

/* Zero-initialised. */
struct unknowns {
	size_t count;
	struct unknowns_seen seen[UNKNOWNS_MAX];
	uint64_t others; /* those that had no place */
};

/* Counts it, and the first time remarks on it. `what` is static text. */
void unknowns_add(struct unknowns *u, struct defects *defects, uint64_t index, const char *what,
    struct view name);

/*
 * The keys of a map of extensions (proto/json/json_extensions.h), which may have size 0, but for
 * the one that is known; size 0: none is. Whether there was any.
 */
bool unknowns_add_extensions(struct unknowns *u, struct defects *defects, uint64_t index,
    struct view map, struct view known);

#endif

/*
 * What follows from what stands in force: when operators keep something silent, and what decides
 * beside a policy. Found anew whenever something is taken or goes.
 */
#ifndef HALLMARK_POLICY_EFFECTS_H
#define HALLMARK_POLICY_EFFECTS_H

#include <stddef.h>

#include "policy/due.h"
#include "policy/feeds_in_force.h"
#include "policy/governance/amendments.h"
#include "proto/err.h"
#include "proto/statement/statement.h"

/* Zeroed: nothing follows. Its views are into the statements and feeds that it was found of. */
struct effects {
	struct due_window *window; /* of the maintenance statements, by their beginnings */
	size_t window_count;
	struct amendments amendments; /* its feeds are those below */
	struct amendments_feed feed[INFORCE_FEEDS_MAX];
};

/* For what so many statements can bring about, before effects_find. ERR_MEMORY. */
enum err effects_make_room(struct effects *e, size_t statements) MUST_USE;

void effects_find(struct effects *e, struct statement_document *const *statement, size_t count,
    const struct feeds_in_force *feeds);

void effects_free(struct effects *e);

#endif

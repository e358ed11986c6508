/*
 * One entry of a walk. Only walk.c includes this.
 */
#ifndef HALLMARK_LOG_WALK_WALK_ENTRY_H
#define HALLMARK_LOG_WALK_WALK_ENTRY_H

#include "log/walk/walk_state.h"

/* Each parses the entry, checks it, and tells what is wrong. */
void walk_entry_report(struct walk *w);
void walk_entry_absence(struct walk *w);
void walk_entry_notice(struct walk *w);

/*
 * A notice that a walk before this one has taken: `w->notice`, at `place`, behind an entry of that
 * iat. What is in force follows again; nothing is told, and no due is moved.
 */
void walk_entry_recall(struct walk *w, const struct entry_place *place, uint64_t before_s);

#endif

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

#endif

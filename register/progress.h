/*
 * How far logs are followed, in the journal: a line each time that one has caught up after it was
 * behind, and one from time to time while it is; each batch at level debug.
 */
#ifndef HALLMARK_REGISTER_PROGRESS_H
#define HALLMARK_REGISTER_PROGRESS_H

#include "config/register_config.h"
#include "register/follow/followed.h"

struct progress;

/* NULL for want of memory. */
struct progress *progress_new(const struct register_config *config);
void progress_free(struct progress **p);

struct followed_listener progress_listener(struct progress *p);

#endif

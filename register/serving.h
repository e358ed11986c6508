/*
 * What the register answers by HTTP: the table of routes, and its listeners out of the
 * configuration.
 */
#ifndef HALLMARK_REGISTER_SERVING_H
#define HALLMARK_REGISTER_SERVING_H

#include <uv.h>

#include "config/register_config.h"
#include "proto/err.h"
#include "register/decide/decided.h"
#include "register/follow/followed.h"
#include "register/views.h"
#include "register/witness/stamps.h"
#include "register/witness/witness.h"

struct serving;

/* Whose answers they are. */
struct serving_parts {
	struct views *views;
	struct witness *witness; /* NULL: nothing is cosigned */
	struct stamps *stamps;   /* NULL: nothing is timestamped */
};

/*
 * Begins to answer; *out is NULL where the configuration has no listener. The configuration and the
 * parts must outlive it. ERR_CONFIG, ERR_IO with faults; ERR_MEMORY.
 */
enum err serving_open(uv_loop_t *loop, const struct register_config *config,
    const struct serving_parts *parts, struct faults *faults, struct serving **out) MUST_USE;

/* There are new events (register/tell/changes.h); from any thread, until it is closed. */
void serving_wake(void *serving);

/* For who tells of logs. Not of NULL. */
struct followed_listener serving_listener(struct serving *s);

/* Ends what it has of the loop: first followers are let go (they may wait for it), then all ends
 * within seconds. Takes NULL. */
void serving_close(struct serving *s);

/* Behind the loop's end. Takes NULL. */
void serving_free(struct serving **s);

#endif

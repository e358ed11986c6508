/*
 * From the threads that follow logs to the table of the main loop. What a follower tells waits
 * until it says where its log stands (followed_state): what is decided by was checked, made again,
 * and is complete up to there.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDE_QUEUE_H
#define HALLMARK_REGISTER_DECIDE_DECIDE_QUEUE_H

#include <uv.h>

#include "proto/err.h"
#include "register/decide/decided.h"
#include "register/follow/followed.h"

struct decide_queue;

/* The table is borrowed. ERR_MEMORY. */
enum err decide_queue_open(
    uv_loop_t *loop, struct decided_table *table, struct decide_queue **out) MUST_USE;

struct followed_listener decide_queue_listener(struct decide_queue *q);

/* In the loop: nothing more is taken, and nobody is kept waiting. Then followers may be ended. */
void decide_queue_close(struct decide_queue *q);

/* Behind the loop's end. Takes NULL. */
void decide_queue_free(struct decide_queue **q);

#endif

/*
 * The thread that follows one log: it looks when the log's directory changes, and from time to time
 * (register/follow/followed_log.h).
 */
#ifndef HALLMARK_REGISTER_FOLLOW_FOLLOWER_H
#define HALLMARK_REGISTER_FOLLOW_FOLLOWER_H

#include "config/register_config.h"
#include "proto/err.h"
#include "register/follow/followed.h"

struct follower;

/*
 * Log `number` of the configuration; `state_directory` is the descriptor of that for all logs. All
 * of it must outlive the follower. ERR_CONFIG, explained in the journal, if the log cannot be
 * followed at all: what it is known by, or what was verified before, cannot be read.
 */
enum err follower_start(const struct register_config *config, unsigned number, int state_directory,
    const struct followed_listener *heard, struct follower **out) MUST_USE;

/* Ends it within an entry; what was not told to be complete (`state`) is not. */
void follower_stop(struct follower **f);

#endif

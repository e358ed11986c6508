/*
 * One log, followed: what it shows is checked as an auditor does, and told.
 *
 * A look goes through these, in this order, and a failure ends it where it is:
 *
 *   checkpoint   read, signed by a key that was named, of the log that is followed
 *   verified     the tree that was accepted before is how its tree began; then it is accepted,
 *                durably, whatever else is found: the log's key has signed it
 *   tree         some thousand entries: each against its leaf, their tiles against the root of the
 *                tree that they end, which is proved to be how the checkpoint's began
 *   walk         the same entries, read again and held against these leaves: forms, places, times,
 *                chains, and each verdict made again. Each is told once it is judged
 *   state        told behind them
 *
 * What is wrong is an alarm, once. What is not there may be on its way, where the log is a copy
 * that is made file by file: it is one when it is not there for the time of grace. A log is not
 * "seen" while its checkpoint cannot be accepted.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_FOLLOWED_LOG_H
#define HALLMARK_REGISTER_FOLLOW_FOLLOWED_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/register_config.h"
#include "log/seal.h"
#include "proto/err.h"
#include "register/follow/followed.h"

struct followed_log;

/* All of it must outlive the log. */
struct followed_log_wanted {
	unsigned number; /* in the configuration */
	const struct register_config *config;
	const struct followed_listener *heard;
	int state_directory;
	/* Waits so long, or less; false: nothing more is to be done. Also asked with 0. */
	bool (*wait)(void *context, unsigned ms);
	void *wait_context;
	/* Evidence is not there: where it comes from elsewhere, it is looked for. May be NULL. */
	void (*fetch)(void *context);
	void *fetch_context;
};

/*
 * Reads what is trusted, and what was verified before. ERR_CONFIG, explained in the journal. Nobody
 * is told anything yet.
 */
enum err followed_log_new(
    const struct followed_log_wanted *wanted, struct followed_log **out) MUST_USE;
void followed_log_free(struct followed_log **l);

/* Once, before the first look and in its thread: alarms that stand are told. */
void followed_log_begin(struct followed_log *l);

/* Of what the log's checkpoints are sealed by, for who fetches them. */
const struct seal_wanted *followed_log_seal(const struct followed_log *l);

/* Instead of a look: the log cannot be had, or not with its seal, and why. */
void followed_log_lack(struct followed_log *l, const char *words);
void followed_log_unsealed(struct followed_log *l, const char *words);

/* Whether the newest look has found tiles or entries that do not lead to the checkpoint. */
bool followed_log_doubts(const struct followed_log *l);

/* Looks, and follows to the newest checkpoint, or until nothing more is to be done. */
void followed_log_look(struct followed_log *l);

#endif

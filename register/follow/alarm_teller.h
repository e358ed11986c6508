/*
 * Alarms of one log, told: to the journal and to who listens, once each, after they are durable.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_ALARM_TELLER_H
#define HALLMARK_REGISTER_FOLLOW_ALARM_TELLER_H

#include "register/follow/alarms.h"
#include "register/follow/followed.h"

#define ALARM_WORDS_SIZE 1024 /* bytes; cut beyond */

struct alarm_teller {
	struct alarms alarms;
	unsigned log; /* its number */
	const char *name;
	const struct followed_listener *heard;
};

/* `dir` is the log's state; all of it is borrowed. The errors of alarms_open. */
enum err alarm_teller_open(struct alarm_teller *t, unsigned log, const char *name, int dir,
    const struct followed_listener *heard) MUST_USE;
void alarm_teller_close(struct alarm_teller *t);

/* Once: tells those that stand from before. */
void alarm_teller_begin(struct alarm_teller *t);

/* Whether somebody has acknowledged them since, which is told. */
bool alarm_teller_look(struct alarm_teller *t);

/* `words` may hold anything; they are told printable. */
void alarm_teller_raise(
    struct alarm_teller *t, enum followed_alarm_kind kind, uint64_t index, const char *words);

#endif

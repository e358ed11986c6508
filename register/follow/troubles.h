/*
 * What is wrong with a log as it comes to light: the first finding of a check is kept as words,
 * what may be only on its way is given its time of grace, and the rest becomes an alarm.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_TROUBLES_H
#define HALLMARK_REGISTER_FOLLOW_TROUBLES_H

#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/walk/walk.h"
#include "register/follow/alarm_teller.h"

struct troubles {
	struct alarm_teller alarms;
	struct findings findings; /* for who checks: the first that is not good is kept */
	struct buf found;
	uint64_t grace_ms;
	uint64_t lacking_since_ms; /* something was not there; 0: nothing */
	bool doubted;              /* in this look: tiles do not lead to the checkpoint */
};

/* Where it is, for good: `findings` points to it. The alarms are opened and closed by others. */
void troubles_begin(struct troubles *t, uint32_t grace_s);
void troubles_free(struct troubles *t);

/* Before a check; and what it found first, "WHERE: WORDS", until the next one. */
void troubles_clear(struct troubles *t);
const char *troubles_words(struct troubles *t);

/* What may be only on its way: an alarm once it was so for the time of grace. */
void troubles_lack(struct troubles *t, enum followed_alarm_kind kind, const char *words);

/* The time of grace since *since_ms, which begins now where it is 0. */
bool troubles_is_over(const struct troubles *t, uint64_t *since_ms);

/* What a walk found of an entry; and that nobody vouched within so long, where that is wanted. */
void troubles_of_entry(struct troubles *t, const struct walk_visited *v, uint32_t vouched_within_s);

#endif

/*
 * What is wrong with one log, as long as nobody has acknowledged it: in the file `alarms` of its
 * state directory, a line each, so that a restart forgets nothing.
 *
 *   1790000000 bad-verdict 17 policy and evidence give warning, the log has affirming
 *
 * Seconds since 1970, the kind, the entry's index or "-", and words. Somebody acknowledges all of
 * them by moving the lines into `alarms.acknowledged`, which `hallmark-register acknowledge` does
 * while the register runs or while it does not. What is of an entry and was acknowledged is not
 * raised again, also when a log is walked again from its first entry.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_ALARMS_H
#define HALLMARK_REGISTER_FOLLOW_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "register/follow/followed.h"

/* Of each kind so many are kept by entry: whoever looks at these needs no more to act. */
#define ALARMS_OF_KIND_MAX 16

struct alarm {
	enum followed_alarm_kind kind;
	uint64_t index; /* or FOLLOWED_NO_ENTRY */
	uint64_t raised_s;
	char *words;
};

struct alarms {
	int dir; /* of the log's state; borrowed */
	size_t count, capacity;
	struct alarm *alarm;
	size_t acknowledged_count, acknowledged_capacity;
	struct alarm *acknowledged;
	uint64_t more[FOLLOWED_ALARM_COUNT]; /* beyond what is kept; since the start */
};

/* Reads both files. ERR_IO, ERR_MEMORY. To be freed whatever comes out. */
enum err alarms_open(struct alarms *a, int dir) MUST_USE;
void alarms_free(struct alarms *a);

/*
 * Whether it is one to tell: it stands not yet, was not acknowledged, and there is room for its
 * kind. Then it is durable, or, where the disk takes nothing, stands at least until the restart,
 * with *e saying so.
 */
bool alarms_raise(struct alarms *a, enum followed_alarm_kind kind, uint64_t index,
    const char *words, enum err *e);

bool alarms_stands(const struct alarms *a, enum followed_alarm_kind kind);

/* Somebody has acknowledged them since: they are forgotten. Looks at the files. */
bool alarms_were_acknowledged(struct alarms *a);

/* Does so. `count`: how many there were. */
enum err alarms_acknowledge(int dir, size_t *count) MUST_USE;

#endif

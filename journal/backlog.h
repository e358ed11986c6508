/*
 * Lines that stderr has no room for yet: a ring of fixed size. What does not fit is not kept.
 */
#ifndef HALLMARK_JOURNAL_BACKLOG_H
#define HALLMARK_JOURNAL_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

/* Bytes: some 400 lines, the last two seconds of a signer that is busy complaining. */
#define BACKLOG_SIZE ((size_t)64 * 1024)

/* Of these, what only alarms may use: 30 of them fit, whatever else was said. */
#define BACKLOG_ALARMS ((size_t)8 * 1024)

/* Zero-initialised. Of one thread at a time. */
struct backlog {
	uint8_t ring[BACKLOG_SIZE];
	size_t first, used;
};

/* Sends what it can, in order, without waiting; what nobody will ever take is forgotten. */
void backlog_send(struct backlog *b);

/*
 * Sends the line behind all others, or keeps it, or what is left of it, until there is room. False,
 * and nothing is sent or kept, if it does not fit.
 */
bool backlog_add(struct backlog *b, struct view line, bool alarm);

#endif

/*
 * Log lines on standard error, one event a line, key=value:
 *
 *   time=2026-11-24T10:00:00.123Z level=info event=receipt workload=trading-app seq=7
 *
 * A value with a space, a quote or '=' in it stands in quotes. Every value goes through
 * text_append_printable, so that no name from outside can forge a line or steer a terminal.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_JOURNAL_H
#define HALLMARK_COLLECTOR_GROUND_JOURNAL_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define JOURNAL_VALUE_MAX 1024 /* bytes of one value after escaping */

enum journal_level { JOURNAL_INFO, JOURNAL_WARNING, JOURNAL_ERROR };

/* A line in the making; begun, filled and ended within one function. */
struct journal {
	struct buf line;
};

void journal_begin(struct journal *j, enum journal_level level, const char *event);
void journal_view(struct journal *j, const char *key, struct view value);
void journal_string(struct journal *j, const char *key, const char *value);
void journal_number(struct journal *j, const char *key, uint64_t value);
void journal_digest(struct journal *j, const char *key, const struct digest *value);

/* Adds error=<name> and text=<the trouble's sentence, or the error's own>. `t` may be NULL. */
void journal_error(struct journal *j, enum err e, const struct trouble *t);

/* Writes the line by one system call. */
void journal_end(struct journal *j);

#endif

/*
 * Log lines on stderr, one event a line: key=value (or JSON by configuration).
 *
 *   time=2026-01-31T12:00:00.123Z level=info event=refusal code=nonce-reused seq=7
 *
 * Values from outside go through text_append_printable and are quoted where they hold a space, a
 * quote or '=': a name from the network can neither start a line nor forge a key.
 * Lines may be written from any thread; each is one write(2).
 */
#ifndef HALLMARK_SIGNER_GROUND_LOGGER_H
#define HALLMARK_SIGNER_GROUND_LOGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum logger_level { LOGGER_ERROR, LOGGER_WARNING, LOGGER_INFO };

/* Process-wide; before the first line, else key=value. */
void logger_use_json(bool json);

/* A line under construction; lives on the stack. */
struct logline {
	struct buf text;
	bool json;
};

void logline_begin(struct logline *l, enum logger_level level, const char *event);
void logline_string(struct logline *l, const char *key, const char *value);
void logline_view(struct logline *l, const char *key, struct view value);
void logline_number(struct logline *l, const char *key, uint64_t value);
void logline_error(struct logline *l, enum err e); /* code=<name> */
void logline_errno(struct logline *l, int number); /* error="<strerror>" */
void logline_end(struct logline *l);

/* A whole line with one sentence under the key `text`. */
void logger_say(enum logger_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

/*
 * Log lines on stderr, one event a line:
 *
 *   time=2026-01-31T12:00:00.123Z level=info event=refusal code=nonce-reused seq=7
 *
 * or a JSON object a line, or RFC 5424. Where stderr is systemd's journal, text and JSON begin with
 * the priority that the journal takes off, `<4>` (sd-daemon(3)).
 *
 * Values from outside go through text_append_printable and are quoted where they hold a space, a
 * quote or '=': a name from the network can neither start a line nor forge a key.
 *
 * Nobody waits for a line (sink.h). What stderr has no room for is kept, up to a bound (backlog.h);
 * what is beyond is dropped, counted, and said as event=lines-dropped when there is room again.
 * What a peer brings about is rationed (ration.h); what was left out is said as event=left-out.
 * Alarms are below no level and have room of their own; a peer's are rationed, whatever others do.
 *
 * Lines may be said from any thread.
 */
#ifndef HALLMARK_JOURNAL_LOGGER_H
#define HALLMARK_JOURNAL_LOGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/ration.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/* From the most severe. The journal's priorities and syslog's severities are 3 to 7. */
enum logger_level { LOGGER_ERROR, LOGGER_WARNING, LOGGER_NOTICE, LOGGER_INFO, LOGGER_DEBUG };

#define LOGGER_LEVELS 5

enum logger_format { LOGGER_TEXT, LOGGER_JSON, LOGGER_RFC5424 };

/* By the configuration. */
struct logger_settings {
	enum logger_format format;
	enum logger_level level; /* what is less severe is not said */
};

/*
 * Once, before there are threads and before rights are dropped: finds out what stderr is. `program`
 * lasts; it is the name in RFC 5424. Without it lines are written as they come.
 */
void logger_open(const char *program);

/* Process-wide; text and `info` before. */
void logger_configure(const struct logger_settings *settings);

/*
 * From time to time: sends what is kept, says what was left out or dropped. A program that has
 * nothing to do looks again after LOGGER_TEND_MS while logger_has_more is true.
 */
void logger_tend(void);
bool logger_has_more(void);

#define LOGGER_TEND_MS 250

/*
 * At the end of the program: says what was left out, and waits for room, LOGGER_LAST_MS at most.
 * exit(3) does so by itself after logger_open.
 */
void logger_finish(void);

#define LOGGER_LAST_MS 1000

/* Since the start. */
struct logger_counts {
	uint64_t said[LOGGER_LEVELS];
	uint64_t left_out, dropped;
};

void logger_counts(struct logger_counts *out);

/*
 * What stands before the time, between it and the sentence, and behind that, of a line with `text`
 * alone: a signal handler can put one together, and nothing else. By the configuration as it is.
 */
struct logger_frame {
	char before[32];
	char between[448]; /* a host's name of 255 bytes */
	const char *end;
};

void logger_frame(enum logger_level level, const char *event, struct logger_frame *out);

/* "error", "warning", "notice", "info", "debug" */
const char *logger_level_name(enum logger_level level);

/*
 * A line under construction; lives on the stack, is begun, filled and ended in one function. Of one
 * that is not to be said nothing is made.
 */
struct logline {
	struct buf text;
	enum logger_format format;
	enum logger_level level;
	bool alarm, off;
};

void logline_begin(struct logline *l, enum logger_level level, const char *event);

/* Somebody has to look: a clone, a fork, a clock. */
void logline_begin_alarm(struct logline *l, enum logger_level level, const char *event);

/* What a peer has brought about: begins it if the peer's ration allows it. RATION_ALARM: an alarm.
 */
void logline_begin_rationed(
    struct logline *l, enum logger_level level, const struct ration_about *about);

void logline_string(struct logline *l, const char *key, const char *value);
void logline_view(struct logline *l, const char *key, struct view value);
void logline_number(struct logline *l, const char *key, uint64_t value);
void logline_digest(struct logline *l, const char *key, const struct digest *value);
void logline_error(struct logline *l, enum err e); /* code=<name> */
void logline_errno(struct logline *l, int number); /* error="<strerror>" */
void logline_end(struct logline *l);

/* A whole line with one sentence under the key `text`. */
void logger_say(enum logger_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

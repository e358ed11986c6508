/*
 * What a check finds, told to whoever asked for it while it runs. Nothing in log/ prints: a command
 * shows it on a terminal, a service writes it down.
 *
 * The words are for people and hold names from outside as they are: whoever shows them makes them
 * printable first (proto/text.h).
 */
#ifndef HALLMARK_LOG_FINDINGS_H
#define HALLMARK_LOG_FINDINGS_H

#include <stdarg.h>
#include <stdint.h>

#include "log/outcome.h"

enum finding_kind {
	FINDING_STEP,   /* a step of a check is done, with this outcome */
	FINDING_WARN,   /* a step that is fine, with a remark that a reader should not miss */
	FINDING_DEFECT, /* something is wrong: bad or unknown */
	FINDING_NOTE,   /* not wrong, but not expected either */
};

/* Valid during the call that tells it. */
struct finding {
	enum finding_kind kind;
	enum outcome outcome;
	const char *where; /* the step's name; else the file or entry that it is about */
	const char *text;
};

struct findings {
	/* NULL: all is checked, and nobody listens. */
	void (*tell)(void *context, const struct finding *f);
	/*
	 * How many entries of a log have been looked at. The last call has `done` equal to `total`,
	 * also where the search ended before. NULL: nobody waits.
	 */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/* Returns `o`. */
enum outcome findings_step(const struct findings *f, const char *step, enum outcome o,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void findings_warn(const struct findings *f, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void findings_note(const struct findings *f, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Any of them; of defects, log/defects.h keeps count. */
void findings_tell(const struct findings *f, enum finding_kind kind, enum outcome o,
    const char *where, const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

void findings_progress(const struct findings *f, uint64_t done, uint64_t total);

#endif

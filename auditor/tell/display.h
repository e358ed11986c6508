/*
 * The auditor's output: aligned lines, and nothing from a file reaches a terminal raw. Where --json
 * is wanted, the lines are left out and what was found is kept for it.
 *
 * Every line is formatted in memory first. If it holds anything but printable UTF-8
 * (proto/text.h), what is not printable is shown as \xNN, so names inside may be formatted freely.
 */
#ifndef HALLMARK_AUDITOR_TELL_DISPLAY_H
#define HALLMARK_AUDITOR_TELL_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/tell/json.h"
#include "auditor/tell/progress.h"
#include "log/defects.h"
#include "log/findings.h"
#include "log/outcome.h"
#include "proto/digest.h"

struct display {
	FILE *to;                  /* NULL: all is checked, nothing is shown */
	const char *margin;        /* stands before every line: "  ", or "# " in a script */
	struct progress *progress; /* NULL: none is shown */
	struct json *found;        /* an open array: takes every step and defect; or NULL */
	bool brief;                /* steps that are fine are not shown */
};

/* Shows what a check finds, each as a line. The display must outlive it. */
struct findings display_findings(const struct display *d);

/* One line as it is formatted, behind the margin. */
void display_line(const struct display *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line of what is no text, or need not be: all of it, made printable. */
void display_raw(const struct display *d, const char *head, struct view raw);

/* "label   text" in columns. */
void display_field(const struct display *d, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same in hexadecimal. */
void display_digest(const struct display *d, const char *label, const struct digest *digest);

/* "step   ok|BAD|?   text" in columns; returns `o`. */
enum outcome display_step(const struct display *d, const char *step, enum outcome o,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A step that is fine, with a remark that a reader should not miss: "warn". */
void display_warn(const struct display *d, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An empty line. */
void display_gap(const struct display *d);

/* Where a search ended because of too many defects, that it did. */
void display_stopped(const struct display *d, const struct defects *defects);

/* "4 s", "2 min", "3 h", "5 d": how long, for people. Returns `to`. */
#define DISPLAY_AGE_SIZE 32
const char *display_age(uint64_t seconds, char to[DISPLAY_AGE_SIZE]);

/* Seconds since 1970, by the clock. */
uint64_t display_now(void);

/* "s" behind a noun, unless there is one. */
const char *display_plural(uint64_t count);

#endif

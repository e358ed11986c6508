/*
 * The words of TOML: white space, comments, strings, and values that are no strings. Each function
 * takes off `rest` what it is asked for. Only collector/keys/ includes this.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_TOML_SCAN_H
#define HALLMARK_COLLECTOR_KEYS_TOML_SCAN_H

#include <regex.h>
#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

struct toml_scan {
	struct view rest;
	regex_t bare; /* numbers, dates, booleans */
};

/* ERR_FORMAT for what no place in TOML may hold: no UTF-8, control characters; ERR_MEMORY. */
enum err toml_scan_begin(struct toml_scan *s, struct view text) MUST_USE;
void toml_scan_end(struct toml_scan *s);

/* Whether these bytes are next; taken if they are. */
bool toml_scan_sees(const struct toml_scan *s, const char *text);
bool toml_scan_take(struct toml_scan *s, const char *text);

void toml_scan_blanks(struct toml_scan *s);

/* Blanks and perhaps a comment up to the line's end, which is taken. False if anything else is
 * there. */
bool toml_scan_line_end(struct toml_scan *s);

/* Blanks, comments, and ends of lines, as many as there are. */
void toml_scan_lines(struct toml_scan *s);

/* Appends the text of a string of one line, at whose quotation mark `s` is. ERR_FORMAT. */
enum err toml_scan_string(struct toml_scan *s, struct buf *to) MUST_USE;

/* The same, or of several lines. */
enum err toml_scan_long_string(struct toml_scan *s, struct buf *to) MUST_USE;

/* A key without quotation marks. False: there is none. */
bool toml_scan_bare_key(struct toml_scan *s, struct view *out);

/* A number, date or boolean. ERR_FORMAT, ERR_MEMORY. */
enum err toml_scan_bare_value(struct toml_scan *s, struct view *out) MUST_USE;

#endif

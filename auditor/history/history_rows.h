/*
 * What `hallmark-audit history` tells, a row each: as a table of 80 columns for people, as CSV
 * (RFC 4180, with LF) or as the members of a JSON array. doc/outputs.md, "hallmark-audit history",
 * has the columns, which are the same in CSV and JSON.
 *
 * Texts come from outside. All are made printable (proto/text.h). A cell of CSV whose text begins
 * with =, +, - or @ gets an apostrophe before it, since spreadsheets would take it for a formula.
 */
#ifndef HALLMARK_AUDITOR_HISTORY_HISTORY_ROWS_H
#define HALLMARK_AUDITOR_HISTORY_HISTORY_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "auditor/tell/display.h"
#include "auditor/tell/json.h"
#include "proto/bytes.h"

#define HISTORY_NONE UINT64_MAX /* a number or time that is not known, or means nothing here */

/* A text of size 0 is none. Times are seconds since 1970. */
struct history_row {
	struct view row; /* its sort: "workload", "interval", "deviation", "absence", "notice" */
	struct view host, workload;
	uint64_t from_s, to_s;            /* the second is HISTORY_NONE where it goes on */
	uint64_t first_entry, last_entry; /* of the log */
	uint64_t reports;                 /* in the period that was asked for */
	uint64_t longest_gap_s, allowed_s, age_s;
	struct view verdict, policy, code, subject, detail;
	struct view checked; /* "good", "bad", "unknown": of the entries that it is made of */
};

struct history_rows {
	const struct display *table; /* or NULL */
	struct json *json;           /* an open array; or NULL */
	FILE *csv;                   /* or NULL */
	/* Told of each row beside that; or NULL. */
	void (*take)(void *context, const struct history_row *row);
	void *take_context;
	struct buf line; /* scratch */
	bool failed;     /* there was no memory for one, which is left out */
};

/* Writes what stands before the rows. */
void history_rows_begin(struct history_rows *rows);
void history_rows_add(struct history_rows *rows, const struct history_row *row);
void history_rows_end(struct history_rows *rows);

/* Appends a cell of CSV, with its quotes. */
void history_csv_cell(struct buf *to, struct view text);

#endif

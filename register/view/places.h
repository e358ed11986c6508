/*
 * Where the reports of one workload stand in the log: a piece of up to PLACES_SIZE bytes for some
 * 30 of them. A piece is the first report's index and time, which stand beside it, and for each
 * next one two numbers, each in groups of 7 bits, the lowest first, the top bit of a byte saying
 * that more follow: twice the distance in entries, plus 1 for a gap record; and the distance in
 * seconds, n >= 0 as 2n and n < 0 as -2n - 1 (a log can be set back).
 */
#ifndef HALLMARK_REGISTER_VIEW_PLACES_H
#define HALLMARK_REGISTER_VIEW_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define PLACES_SIZE 92 /* bytes: with the rest of a workload's head one line of some 400 bytes */

struct places {
	uint64_t first_entry, first_s; /* of the first; it is a gap record where bytes[0] says so */
	uint64_t last_entry, last_s;
	uint8_t size; /* of `bytes`; 0: there is no place at all */
	uint8_t bytes[PLACES_SIZE];
};

/* False: there is no room for it; the piece is as it was. Entries rise. */
bool places_add(struct places *p, uint64_t entry, uint64_t issued_s, bool offline);

/* Begins a piece. */
void places_begin(struct places *p, uint64_t entry, uint64_t issued_s, bool offline);

/* Takes a piece that was stored; false if it is not one. */
bool places_load(struct places *p, uint64_t first_entry, uint64_t first_s, struct view bytes);

struct place {
	uint64_t entry, issued_s;
	bool offline;
};

/* One after the other; `at` begins at 0. False at the end. */
bool places_next(const struct places *p, size_t *at, struct place *out);

#endif

/*
 * Numbers with units, exact, as values of facts and limits of policies have them:
 *
 *   [-] digits [. digits] [blank] [unit]
 *
 * At most 15 digits before the point and 9 behind it, no 0 before other digits. Units: B kB MB GB
 * TB by thousands; B KiB MiB GiB TiB by 1,024; ns us ms s min h d; %. Numbers of different
 * families, or with and without a unit, have no order: "130MB" of a program that means MiB by it is
 * not below "128MiB", it is no such number.
 */
#ifndef HALLMARK_POLICY_VALUES_NUMBER_H
#define HALLMARK_POLICY_VALUES_NUMBER_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum number_family {
	NUMBER_PLAIN = 0,
	NUMBER_BYTES_DECIMAL = 1,
	NUMBER_BYTES_BINARY = 2,
	NUMBER_BYTES = NUMBER_BYTES_DECIMAL | NUMBER_BYTES_BINARY, /* bytes alone are of both */
	NUMBER_TIME = 4,
	NUMBER_PERCENT = 8,
};

__extension__ typedef unsigned __int128 number_size;

struct number {
	bool negative; /* never of zero */
	enum number_family family;
	number_size size; /* in billionths of the smallest unit: below 2^124 */
};

/* ERR_FORMAT for what is no such number. */
enum err number_parse(struct view text, struct number *out) MUST_USE;

/* Whether they have an order; then it is in `*order`: below, at or above 0. */
bool number_compare(const struct number *a, const struct number *b, int *order);

#endif

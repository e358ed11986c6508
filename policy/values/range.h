/*
 * Ranges, as policies demand them of values that have an order: numbers, versions, dates.
 *
 *   one or two of < <= > >= = and a limit, with ", " between: ">= 1, <= 16"
 *
 * A date is 2026-11-30, or a time such as 2026-11-30T07:00:00Z (UTC); a date stands for its first
 * second.
 */
#ifndef HALLMARK_POLICY_VALUES_RANGE_H
#define HALLMARK_POLICY_VALUES_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"

enum range_order { RANGE_NUMBER, RANGE_VERSION, RANGE_DATE };

enum range_sign { RANGE_LESS, RANGE_AT_MOST, RANGE_MORE, RANGE_AT_LEAST, RANGE_EQUAL };

#define RANGE_LIMITS_MAX 2

struct range {
	enum range_order order;
	size_t limit_count; /* 0: no range */
	struct range_limit {
		enum range_sign sign;
		struct view value; /* into the text */
	} limit[RANGE_LIMITS_MAX];
	struct view text;
};

/* The text must outlive it. ERR_FORMAT; *out has no limits then. */
enum err range_parse(enum range_order order, struct view text, struct range *out) MUST_USE;

/* Whether the value is of the order's form, and within. Quotation marks around all of it do not
 * count. */
bool range_holds(const struct range *r, struct view value);

/*
 * False where it is certain that no value is within: its two limits exclude each other. Between two
 * different limits there is taken to be a value.
 */
bool range_can_hold(const struct range *r);

/* "a number", "a version", "a date". */
const char *range_order_name(enum range_order order);

#endif

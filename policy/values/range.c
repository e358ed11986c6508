#include "policy/values/range.h"

#include <string.h>

#include "policy/values/number.h"
#include "policy/values/version.h"
#include "proto/utc.h"

/* Whether both are of the form; then their order. */
typedef bool compare_function(struct view a, struct view b, int *order);

static compare_function compare_numbers, compare_versions, compare_dates;

static const struct {
	const char *name;
	compare_function *compare;
} orders[] = {
    [RANGE_NUMBER] = {"a number", compare_numbers},
    [RANGE_VERSION] = {"a version", compare_versions},
    [RANGE_DATE] = {"a date", compare_dates},
};

/* The longer sign stands before the one that it begins with. */
static const struct {
	const char *text;
	enum range_sign sign;
} signs[] = {
    {"<=", RANGE_AT_MOST},
    {"<", RANGE_LESS},
    {">=", RANGE_AT_LEAST},
    {">", RANGE_MORE},
    {"=", RANGE_EQUAL},
};

static struct view unquoted(struct view text);
static enum err parse_limit(struct view text, struct range_limit *out);
static bool is_lower(enum range_sign sign);
static bool limit_holds(enum range_sign sign, int order);
static bool starts_with(struct view text, const char *begin);
static struct view behind(struct view text, size_t size);

enum err
range_parse(enum range_order order, struct view text, struct range *out)
{
	struct range r = {.order = order, .text = text};
	struct view rest = text;
	int same;

	*out = (struct range){.order = order};
	for (bool more = true; more;) {
		struct view one = rest;
		const uint8_t *comma = rest.size > 0 ? memchr(rest.data, ',', rest.size) : NULL;

		more = comma != NULL;
		if (more) {
			one.size = (size_t)(comma - rest.data);
			rest = behind(rest, one.size + 1);
			if (!starts_with(rest, " "))
				return ERR_FORMAT;
			rest = behind(rest, 1);
		}
		if (r.limit_count == RANGE_LIMITS_MAX ||
		    parse_limit(one, &r.limit[r.limit_count++]) != ERR_OK)
			return ERR_FORMAT;
	}
	for (size_t i = 0; i < r.limit_count; i++)
		if (!orders[order].compare(r.limit[0].value, r.limit[i].value, &same))
			return ERR_FORMAT;
	*out = r;
	return ERR_OK;
}

bool
range_holds(const struct range *r, struct view value)
{
	value = unquoted(value);
	for (size_t i = 0; i < r->limit_count; i++) {
		int order;

		if (!orders[r->order].compare(value, r->limit[i].value, &order) ||
		    !limit_holds(r->limit[i].sign, order))
			return false;
	}
	return true;
}

bool
range_can_hold(const struct range *r)
{
	const enum range_sign first = r->limit[0].sign, second = r->limit[1].sign;
	int order;

	if (r->limit_count < 2)
		return true;
	if (range_holds(r, r->limit[0].value) || range_holds(r, r->limit[1].value))
		return true;
	/* What holds at neither limit may hold between them, or beyond both. */
	if (first == RANGE_EQUAL || second == RANGE_EQUAL)
		return false;
	if (is_lower(first) == is_lower(second))
		return true;
	return orders[r->order].compare(r->limit[0].value, r->limit[1].value, &order) &&
	       (is_lower(first) ? order < 0 : order > 0);
}

const char *
range_order_name(enum range_order order)
{
	return orders[order].name;
}

/* JSON, YAML and TOML have no versions and no units but as texts, which `config` tells with their
 * quotes. */
static struct view
unquoted(struct view text)
{
	if (text.size < 2 || text.data[0] != '"' || text.data[text.size - 1] != '"')
		return text;
	return (struct view){text.data + 1, text.size - 2};
}

static enum err
parse_limit(struct view text, struct range_limit *out)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!starts_with(text, signs[i].text))
			continue;
		text = behind(text, strlen(signs[i].text));
		if (starts_with(text, " "))
			text = behind(text, 1);
		*out = (struct range_limit){signs[i].sign, text};
		return ERR_OK;
	}
	return ERR_FORMAT;
}

static bool
is_lower(enum range_sign sign)
{
	return sign == RANGE_MORE || sign == RANGE_AT_LEAST;
}

static bool
limit_holds(enum range_sign sign, int order)
{
	switch (sign) {
	case RANGE_LESS:
		return order < 0;
	case RANGE_AT_MOST:
		return order <= 0;
	case RANGE_MORE:
		return order > 0;
	case RANGE_AT_LEAST:
		return order >= 0;
	case RANGE_EQUAL:
		break;
	}
	return order == 0;
}

static bool
compare_numbers(struct view a, struct view b, int *order)
{
	struct number x, y;

	return number_parse(a, &x) == ERR_OK && number_parse(b, &y) == ERR_OK &&
	       number_compare(&x, &y, order);
}

static bool
compare_versions(struct view a, struct view b, int *order)
{
	if (version_check(a) != ERR_OK || version_check(b) != ERR_OK)
		return false;
	*order = version_compare(a, b);
	return true;
}

static bool
compare_dates(struct view a, struct view b, int *order)
{
	uint64_t x, y;

	if (utc_parse_date(a, &x) != ERR_OK || utc_parse_date(b, &y) != ERR_OK)
		return false;
	*order = x < y ? -1 : x > y;
	return true;
}

static bool
starts_with(struct view text, const char *begin)
{
	const size_t size = strlen(begin);

	return text.size >= size && memcmp(text.data, begin, size) == 0;
}

static struct view
behind(struct view text, size_t size)
{
	return (struct view){text.data + size, text.size - size};
}

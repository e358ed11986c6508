#include "policy/values/number.h"

#include <string.h>

#define WHOLE_DIGITS_MAX    15
#define FRACTION_DIGITS_MAX 9

/* Multiples of the smallest unit of the family: at most 2^40, beside 10^24 billionths. */
static const struct unit {
	const char *name;
	enum number_family family;
	uint64_t size;
} units[] = {
    {"", NUMBER_PLAIN, 1},
    {"B", NUMBER_BYTES, 1},
    {"kB", NUMBER_BYTES_DECIMAL, 1000},
    {"MB", NUMBER_BYTES_DECIMAL, 1000000},
    {"GB", NUMBER_BYTES_DECIMAL, 1000000000},
    {"TB", NUMBER_BYTES_DECIMAL, 1000000000000},
    {"KiB", NUMBER_BYTES_BINARY, 1ULL << 10},
    {"MiB", NUMBER_BYTES_BINARY, 1ULL << 20},
    {"GiB", NUMBER_BYTES_BINARY, 1ULL << 30},
    {"TiB", NUMBER_BYTES_BINARY, 1ULL << 40},
    {"ns", NUMBER_TIME, 1},
    {"us", NUMBER_TIME, 1000},
    {"ms", NUMBER_TIME, 1000000},
    {"s", NUMBER_TIME, 1000000000},
    {"min", NUMBER_TIME, 60000000000},
    {"h", NUMBER_TIME, 3600000000000},
    {"d", NUMBER_TIME, 86400000000000},
    {"%", NUMBER_PERCENT, 1},
};

static size_t take_digits(struct view *rest, size_t most, number_size *to);
static const struct unit *find_unit(struct view name);

enum err
number_parse(struct view text, struct number *out)
{
	const bool negative = text.size > 0 && text.data[0] == '-';
	struct view rest = {text.data + negative, text.size - negative};
	const struct view whole = rest;
	const struct unit *unit;
	number_size size = 0;
	size_t digits = take_digits(&rest, WHOLE_DIGITS_MAX, &size), fraction = 0;

	if (digits == 0 || (digits > 1 && whole.data[0] == '0'))
		return ERR_FORMAT;
	if (rest.size > 0 && rest.data[0] == '.') {
		rest = (struct view){rest.data + 1, rest.size - 1};
		if ((fraction = take_digits(&rest, FRACTION_DIGITS_MAX, &size)) == 0)
			return ERR_FORMAT;
	}
	for (; fraction < FRACTION_DIGITS_MAX; fraction++)
		size *= 10;
	if (rest.size > 1 && rest.data[0] == ' ')
		rest = (struct view){rest.data + 1, rest.size - 1};
	if ((unit = find_unit(rest)) == NULL)
		return ERR_FORMAT;
	*out = (struct number){
	    .negative = negative && size > 0, .family = unit->family, .size = size * unit->size};
	return ERR_OK;
}

bool
number_compare(const struct number *a, const struct number *b, int *order)
{
	const int by_size = a->size < b->size ? -1 : a->size > b->size;

	if (a->family != b->family && (a->family & b->family) == 0)
		return false;
	if (a->negative != b->negative)
		*order = a->negative ? -1 : 1;
	else
		*order = a->negative ? -by_size : by_size;
	return true;
}

/* How many there are; one more than `most` stays where it is, and is no unit. */
static size_t
take_digits(struct view *rest, size_t most, number_size *to)
{
	size_t count = 0;

	while (count < most && rest->size > 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
		*to = *to * 10 + (unsigned)(rest->data[0] - '0');
		*rest = (struct view){rest->data + 1, rest->size - 1};
		count++;
	}
	return count;
}

static const struct unit *
find_unit(struct view name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (view_equal(view_of_string(units[i].name), name))
			return &units[i];
	return NULL;
}

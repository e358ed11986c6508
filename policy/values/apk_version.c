#include "policy/values/apk_version.h"

#include <stdbool.h>
#include <string.h>

#include "policy/values/version.h"

/* In the order of what is higher where two versions differ in what comes next. */
enum part_kind {
	PART_SUFFIX_BEFORE, /* one that stands before the end */
	PART_END,
	PART_REVISION,
	PART_SUFFIX,
	PART_LETTER,
	PART_NUMBER,
	PART_NONE, /* what no version has */
};

struct part {
	enum part_kind kind;
	bool first;      /* the number at the beginning */
	unsigned suffix; /* its place in the table */
	struct view digits;
	uint8_t letter;
};

static const char *const suffixes[] = {
    "alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"};
#define SUFFIXES       (sizeof(suffixes) / sizeof(suffixes[0]))
#define SUFFIXES_AFTER 4 /* the first that stands behind the end */

static struct part take_part(struct view *rest, const struct part *before);
static struct part take_suffix(struct view *rest);
static struct view take_digits(struct view *rest);
static int compare_parts(const struct part *a, const struct part *b);
static int compare_numbers(struct view a, struct view b);
static int sign(bool above, bool below);

enum err
apk_version_check(struct view version)
{
	struct part p = {.kind = PART_NONE};

	if (version.size > VERSION_SIZE_MAX)
		return ERR_FORMAT;
	do
		p = take_part(&version, &p);
	while (p.kind != PART_END && p.kind != PART_NONE);
	return p.kind == PART_END ? ERR_OK : ERR_FORMAT;
}

int
apk_version_compare(struct view a, struct view b)
{
	struct part x = {.kind = PART_NONE}, y = {.kind = PART_NONE};
	int order;

	do {
		x = take_part(&a, &x);
		y = take_part(&b, &y);
		order = x.kind != y.kind ? sign(x.kind > y.kind, x.kind < y.kind)
					 : compare_parts(&x, &y);
	} while (order == 0 && x.kind != PART_END && x.kind != PART_NONE);
	return order;
}

static struct part
take_part(struct view *rest, const struct part *before)
{
	struct part p = {.kind = PART_END};
	const bool first = before->kind == PART_NONE;

	if (rest->size == 0) {
		p.kind = first ? PART_NONE : PART_END;
	} else if (first || (before->kind == PART_NUMBER && rest->data[0] == '.')) {
		if (!first)
			*rest = (struct view){rest->data + 1, rest->size - 1};
		p.first = first;
		p.digits = take_digits(rest);
		p.kind = p.digits.size > 0 ? PART_NUMBER : PART_NONE;
	} else if (before->kind == PART_NUMBER && rest->data[0] >= 'a' && rest->data[0] <= 'z') {
		p.kind = PART_LETTER;
		p.letter = rest->data[0];
		*rest = (struct view){rest->data + 1, rest->size - 1};
	} else if (before->kind != PART_REVISION && rest->data[0] == '_') {
		p = take_suffix(rest);
	} else if (before->kind != PART_REVISION && rest->size > 2 && rest->data[0] == '-' &&
		   rest->data[1] == 'r') {
		*rest = (struct view){rest->data + 2, rest->size - 2};
		p.digits = take_digits(rest);
		p.kind = p.digits.size > 0 ? PART_REVISION : PART_NONE;
	} else {
		p.kind = PART_NONE;
	}
	return p;
}

static struct part
take_suffix(struct view *rest)
{
	struct part p = {.kind = PART_NONE};

	for (unsigned i = 0; i < SUFFIXES && p.kind == PART_NONE; i++) {
		const size_t size = strlen(suffixes[i]);

		if (rest->size <= size || memcmp(rest->data + 1, suffixes[i], size) != 0)
			continue;
		p.kind = i < SUFFIXES_AFTER ? PART_SUFFIX_BEFORE : PART_SUFFIX;
		p.suffix = i;
		*rest = (struct view){rest->data + 1 + size, rest->size - 1 - size};
		p.digits = take_digits(rest);
	}
	return p;
}

static struct view
take_digits(struct view *rest)
{
	struct view digits = {rest->data, 0};

	while (digits.size < rest->size && rest->data[digits.size] >= '0' &&
	       rest->data[digits.size] <= '9')
		digits.size++;
	*rest = (struct view){rest->data + digits.size, rest->size - digits.size};
	return digits;
}

/* Of one kind. Behind a dot, digits with a 0 before them are a fraction. */
static int
compare_parts(const struct part *a, const struct part *b)
{
	if (a->suffix != b->suffix)
		return sign(a->suffix > b->suffix, a->suffix < b->suffix);
	if (a->letter != b->letter)
		return sign(a->letter > b->letter, a->letter < b->letter);
	if (a->kind == PART_NUMBER && !a->first &&
	    (a->digits.data[0] == '0' || b->digits.data[0] == '0'))
		return view_compare(a->digits, b->digits);
	return compare_numbers(a->digits, b->digits);
}

/* None is 0. */
static int
compare_numbers(struct view a, struct view b)
{
	while (a.size > 0 && a.data[0] == '0')
		a = (struct view){a.data + 1, a.size - 1};
	while (b.size > 0 && b.data[0] == '0')
		b = (struct view){b.data + 1, b.size - 1};
	if (a.size != b.size)
		return sign(a.size > b.size, a.size < b.size);
	return view_compare(a, b);
}

static int
sign(bool above, bool below)
{
	return above - below;
}

#include "policy/values/rpm_version.h"

#include <stdbool.h>
#include <string.h>

#include "policy/values/version.h"

#define EPOCH_DIGITS_MAX 9

struct parts {
	struct view epoch, version, release;
};

static struct parts split(struct view version);
static int compare_part(struct view a, struct view b);
static int compare_marks(struct view *a, struct view *b, bool *equal);
static int compare_runs(struct view *a, struct view *b);
static int compare_numbers(struct view a, struct view b);
static struct view take_run(struct view *from, bool digits);
static void skip_rest(struct view *v);
static bool is_digit(uint8_t c);
static bool is_letter(uint8_t c);
static bool begins(struct view v, char with);

enum err
rpm_version_check(struct view version)
{
	const struct parts p = split(version);

	if (version.size == 0 || version.size > VERSION_SIZE_MAX || p.version.size == 0)
		return ERR_FORMAT;
	if (p.version.data != version.data &&
	    (p.epoch.size == 0 || p.epoch.size > EPOCH_DIGITS_MAX))
		return ERR_FORMAT;
	for (size_t i = 0; i < p.epoch.size; i++)
		if (!is_digit(p.epoch.data[i]))
			return ERR_FORMAT;
	for (const uint8_t *c = p.version.data; c < version.data + version.size; c++)
		if (!is_letter(*c) && !is_digit(*c) && (*c == '\0' || strchr(".+-~_^", *c) == NULL))
			return ERR_FORMAT;
	return ERR_OK;
}

int
rpm_version_compare(struct view a, struct view b)
{
	const struct parts x = split(a), y = split(b);
	int order = compare_numbers(x.epoch, y.epoch);

	if (order == 0)
		order = compare_part(x.version, y.version);
	return order != 0 || x.release.size == 0 || y.release.size == 0
		   ? order
		   : compare_part(x.release, y.release);
}

static struct parts
split(struct view version)
{
	struct parts p = {
	    .version = version, .epoch = {version.data, 0}, .release = {version.data, 0}};

	for (size_t i = 0; i < version.size; i++)
		if (version.data[i] == ':') {
			p.epoch.size = i;
			p.version = (struct view){version.data + i + 1, version.size - i - 1};
			break;
		}
	for (size_t i = p.version.size; i-- > 0;)
		if (p.version.data[i] == '-') {
			p.release = (struct view){p.version.data + i + 1, p.version.size - i - 1};
			p.version.size = i;
			break;
		}
	return p;
}

static int
compare_part(struct view a, struct view b)
{
	for (;;) {
		bool equal;
		int order;

		skip_rest(&a);
		skip_rest(&b);
		order = compare_marks(&a, &b, &equal);
		if (order != 0)
			return order;
		if (equal)
			continue;
		if (a.size == 0 || b.size == 0)
			return (a.size > 0) - (b.size > 0);
		if ((order = compare_runs(&a, &b)) != 0)
			return order;
	}
}

/* "~" and "^". `equal`: both had the same one, which was taken. */
static int
compare_marks(struct view *a, struct view *b, bool *equal)
{
	*equal = false;
	for (const char *mark = "~^"; *mark != 0; mark++) {
		const bool x = begins(*a, *mark), y = begins(*b, *mark);

		if (x && y) {
			*equal = true;
			*a = (struct view){a->data + 1, a->size - 1};
			*b = (struct view){b->data + 1, b->size - 1};
			return 0;
		}
		if (!x && !y)
			continue;
		if (*mark == '~')
			return x ? -1 : 1;
		if (x)
			return b->size == 0 ? 1 : -1;
		return a->size == 0 ? -1 : 1;
	}
	return 0;
}

/* A number is above letters. */
static int
compare_runs(struct view *a, struct view *b)
{
	const bool digits = is_digit(a->data[0]);
	const struct view x = take_run(a, digits), y = take_run(b, digits);

	if (y.size == 0)
		return digits ? 1 : -1;
	return digits ? compare_numbers(x, y) : view_compare(x, y);
}

/* Of digits alone, none of them being 0. */
static int
compare_numbers(struct view a, struct view b)
{
	while (a.size > 0 && a.data[0] == '0')
		a = (struct view){a.data + 1, a.size - 1};
	while (b.size > 0 && b.data[0] == '0')
		b = (struct view){b.data + 1, b.size - 1};
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return view_compare(a, b);
}

static struct view
take_run(struct view *from, bool digits)
{
	struct view run = {from->data, 0};

	while (run.size < from->size &&
	       (digits ? is_digit(from->data[run.size]) : is_letter(from->data[run.size])))
		run.size++;
	*from = (struct view){from->data + run.size, from->size - run.size};
	return run;
}

static void
skip_rest(struct view *v)
{
	while (v->size > 0 && !is_digit(v->data[0]) && !is_letter(v->data[0]) &&
	       v->data[0] != '~' && v->data[0] != '^')
		*v = (struct view){v->data + 1, v->size - 1};
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
begins(struct view v, char with)
{
	return v.size > 0 && v.data[0] == (uint8_t)with;
}

#include "policy/values/version.h"

#include <stdbool.h>
#include <string.h>

#define EPOCH_DIGITS_MAX 9

struct parts {
	struct view epoch, upstream, revision;
};

static struct parts split(struct view version);
static int compare_text(struct view *a, struct view *b);
static int compare_number(struct view *a, struct view *b);
static int compare_part(struct view a, struct view b);
static int weight(struct view rest);
static bool is_digit(struct view rest);
static bool is_letter(uint8_t c);
static void skip(struct view *rest);

enum err
version_check(struct view version)
{
	const struct parts p = split(version);

	if (version.size == 0 || version.size > VERSION_SIZE_MAX || !is_digit(p.upstream))
		return ERR_FORMAT;
	if (p.upstream.data != version.data &&
	    (p.epoch.size == 0 || p.epoch.size > EPOCH_DIGITS_MAX))
		return ERR_FORMAT;
	for (size_t i = 0; i < p.epoch.size; i++)
		if (p.epoch.data[i] < '0' || p.epoch.data[i] > '9')
			return ERR_FORMAT;
	for (const uint8_t *c = p.upstream.data; c < version.data + version.size; c++)
		if (!is_letter(*c) && !(*c >= '0' && *c <= '9') &&
		    (*c == '\0' || strchr(".+-~_", *c) == NULL))
			return ERR_FORMAT;
	return ERR_OK;
}

int
version_compare(struct view a, struct view b)
{
	const struct parts x = split(a), y = split(b);
	int order = compare_part(x.epoch, y.epoch);

	if (order == 0)
		order = compare_part(x.upstream, y.upstream);
	return order != 0 ? order : compare_part(x.revision, y.revision);
}

static struct parts
split(struct view version)
{
	struct parts p = {.upstream = version, .revision = {version.data + version.size, 0}};

	p.epoch = (struct view){version.data, 0};
	for (size_t i = 0; i < version.size; i++)
		if (version.data[i] == ':') {
			p.epoch.size = i;
			p.upstream = (struct view){version.data + i + 1, version.size - i - 1};
			break;
		}
	for (size_t i = p.upstream.size; i-- > 0;)
		if (p.upstream.data[i] == '-') {
			p.revision =
			    (struct view){p.upstream.data + i + 1, p.upstream.size - i - 1};
			p.upstream.size = i;
			break;
		}
	return p;
}

static int
compare_part(struct view a, struct view b)
{
	int order = 0;

	while (order == 0 && (a.size > 0 || b.size > 0)) {
		order = compare_text(&a, &b);
		if (order == 0)
			order = compare_number(&a, &b);
	}
	return order;
}

static int
compare_text(struct view *a, struct view *b)
{
	for (;;) {
		const int x = weight(*a), y = weight(*b);

		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			return 0; /* both have come to a number, or to their end */
		skip(a);
		skip(b);
	}
}

/* An empty one is 0. */
static int
compare_number(struct view *a, struct view *b)
{
	int order = 0;

	while (a->size > 0 && a->data[0] == '0')
		skip(a);
	while (b->size > 0 && b->data[0] == '0')
		skip(b);
	while (is_digit(*a) && is_digit(*b)) {
		if (order == 0)
			order = a->data[0] - b->data[0];
		skip(a);
		skip(b);
	}
	if (is_digit(*a) || is_digit(*b))
		return is_digit(*a) ? 1 : -1; /* the longer one */
	return order;
}

/* Of the first character in a text; 0: it has ended. */
static int
weight(struct view rest)
{
	if (rest.size == 0 || is_digit(rest))
		return 0;
	if (rest.data[0] == '~')
		return -1;
	return is_letter(rest.data[0]) ? rest.data[0] : rest.data[0] + 256;
}

static bool
is_digit(struct view rest)
{
	return rest.size > 0 && rest.data[0] >= '0' && rest.data[0] <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
skip(struct view *rest)
{
	*rest = (struct view){rest->data + 1, rest->size - 1};
}

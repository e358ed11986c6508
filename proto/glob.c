#include "proto/glob.h"

#include <string.h>

/* How bytes are compared. */
struct comparison {
	bool stops; /* * and ? do not stand for "/" */
	bool folds; /* A to Z are as a to z */
};

static bool one_matches(
    struct view pattern, size_t *at, uint8_t byte, const struct comparison *how);
static bool is_same(uint8_t a, uint8_t b, bool folds);
static uint8_t to_lower(uint8_t byte);

enum err
glob_check(struct view pattern)
{
	for (size_t i = 0; i < pattern.size; i++) {
		if (pattern.data[i] != '\\')
			continue;
		i++;
		if (i == pattern.size ||
		    (pattern.data[i] != '*' && pattern.data[i] != '?' && pattern.data[i] != '\\'))
			return ERR_FORMAT;
	}
	return ERR_OK;
}

/*
 * Only the last star is ever tried again. That is enough although stars may stop at "/": what
 * stands between two stars is matched as early as possible, and a later match of it would leave
 * the next star less text, never more, because neither can pass the same "/".
 */
bool
glob_match(struct view pattern, struct view text, enum glob_scope scope)
{
	const bool identity = scope == GLOB_IDENTITY;
	const bool dns = identity && text.size > 0 && memchr(text.data, ':', text.size) == NULL;
	const struct comparison how = {.stops = identity, .folds = dns};
	size_t p = 0, t = 0, star_p = 0, star_t = 0;
	bool star = false;

	for (;;) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = true;
			star_p = ++p;
			star_t = t;
		} else if (p == pattern.size && t == text.size) {
			return true;
		} else if (p < pattern.size && t < text.size &&
			   one_matches(pattern, &p, text.data[t], &how)) {
			t++;
		} else {
			if (!star || star_t == text.size || (how.stops && text.data[star_t] == '/'))
				return false;
			t = ++star_t;
			p = star_p;
		}
	}
}

/* Moves `at` behind what matched. */
static bool
one_matches(struct view pattern, size_t *at, uint8_t byte, const struct comparison *how)
{
	const uint8_t c = pattern.data[*at];

	if (c == '?') {
		if (how->stops && byte == '/')
			return false;
		*at += 1;
		return true;
	}
	if (c == '\\') {
		if (pattern.data[*at + 1] != byte)
			return false;
		*at += 2;
		return true;
	}
	if (!is_same(c, byte, how->folds))
		return false;
	*at += 1;
	return true;
}

static bool
is_same(uint8_t a, uint8_t b, bool folds)
{
	return a == b || (folds && to_lower(a) == to_lower(b));
}

/* Whatever the locale. */
static uint8_t
to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

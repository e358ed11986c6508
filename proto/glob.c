#include "proto/glob.h"

static bool one_matches(struct view pattern, size_t *at, uint8_t byte, enum glob_scope scope);

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
			   one_matches(pattern, &p, text.data[t], scope)) {
			t++;
		} else {
			if (!star || star_t == text.size ||
			    (scope == GLOB_IDENTITY && text.data[star_t] == '/'))
				return false;
			t = ++star_t;
			p = star_p;
		}
	}
}

/* Moves `at` behind what matched. */
static bool
one_matches(struct view pattern, size_t *at, uint8_t byte, enum glob_scope scope)
{
	const uint8_t c = pattern.data[*at];

	if (c == '?') {
		if (scope == GLOB_IDENTITY && byte == '/')
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
	if (c != byte)
		return false;
	*at += 1;
	return true;
}

/*
 * Patterns: the collector's for files, and a policy's. The first line is the pattern, the rest is
 * what may match it.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/files/pattern.h"
#include "proto/encoding.h"
#include "proto/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *string_of(struct view bytes);
static void match_files(const char *text, const char *name);
static void match_policy(struct view pattern, struct view text);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {data, size}, pattern;
	char *text, *name;

	if (line_next(&rest, &pattern) != ERR_OK)
		return 0;
	text = string_of(pattern);
	name = string_of(rest);
	match_files(text, name);
	match_policy(pattern, rest);
	free(text);
	free(name);
	return 0;
}

/* Up to a NUL in it, if there is one. */
static char *
string_of(struct view bytes)
{
	char *string = calloc(1, bytes.size + 1);

	if (string == NULL)
		abort();
	if (bytes.size > 0)
		memcpy(string, bytes.data, bytes.size);
	return string;
}

/* A literal part matches itself, and a faulty pattern has its sentence. */
static void
match_files(const char *text, const char *name)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern p;

	if (pattern_parse(text, &p, &t) != ERR_OK) {
		if (t.text[0] == '\0')
			abort();
		return;
	}
	if (p.count == 0 || p.count > PATTERN_PARTS_MAX)
		abort();
	for (size_t i = 0; i < p.count; i++) {
		(void)pattern_part_matches(&p.part[i], name);
		if (p.part[i].type == PATTERN_LITERAL &&
		    !pattern_part_matches(&p.part[i], p.part[i].text))
			abort();
	}
	pattern_free(&p);
}

/* What a URI matches, a text matches too; of a DNS name the case does not count. */
static void
match_policy(struct view pattern, struct view text)
{
	const bool uri = text.size > 0 && memchr(text.data, ':', text.size) != NULL;

	if (glob_check(pattern) == ERR_OK && glob_match(pattern, text, GLOB_IDENTITY) && uri &&
	    !glob_match(pattern, text, GLOB_TEXT))
		abort();
}

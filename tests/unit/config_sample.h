/*
 * For tests of the sample files: reading one, moving its paths into the scratch directory, taking
 * the comment sign off its optional keys. Include after config_fixture.h.
 */
#ifndef HALLMARK_TESTS_UNIT_CONFIG_SAMPLE_H
#define HALLMARK_TESTS_UNIT_CONFIG_SAMPLE_H

#include "tests/unit/config_fixture.h"

/* Tests run in the root of the source tree. To be freed. */
static inline char *
sample_read(const char *name)
{
	char path[256], *text = calloc(1, 65536);
	FILE *from;

	snprintf(path, sizeof(path), "config/samples/%s", name);
	from = fopen(path, "r");
	assert_non_null(from);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, from) > 0);
	assert_int_equal(fclose(from), 0);
	return text;
}

/* Every `from` becomes `to`; frees `text`. */
static inline char *
sample_replace(char *text, const char *from, const char *to)
{
	while (strstr(text, from) != NULL) {
		char *next = fixture_replace(text, from, to);

		free(text);
		text = next;
	}
	return text;
}

/* Takes the comment sign off the line that holds this optional key; frees `text`. */
static inline char *
sample_uncomment(char *text, const char *key)
{
	char from[64], to[64], *result;

	snprintf(from, sizeof(from), "# %s: ", key);
	snprintf(to, sizeof(to), "%s: ", key);
	result = fixture_replace(text, from, to);
	free(text);
	return result;
}

#endif

/*
 * For tests of configuration and policy files: a scratch directory, files in it, and asking what
 * faults were found. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_CONFIG_FIXTURE_H
#define HALLMARK_TESTS_UNIT_CONFIG_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/faults.h"

struct fixture {
	char directory[64];
	char path[PATH_MAX]; /* of the last file that was named */
	struct faults faults;
};

static inline int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->faults = FAULTS_INIT;
	strcpy(f->directory, "/tmp/hallmark-test-XXXXXX");
	if (mkdtemp(f->directory) == NULL)
		return -1;
	*state = f;
	return 0;
}

static inline int
fixture_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	faults_free(&f->faults);
	(void)nftw(f->directory, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static inline const char *
fixture_path(struct fixture *f, const char *name)
{
	assert_true(
	    snprintf(f->path, sizeof(f->path), "%s/%s", f->directory, name) < (int)sizeof(f->path));
	return f->path;
}

static inline const char *
fixture_write_bytes(struct fixture *f, const char *name, mode_t mode, const void *data, size_t size)
{
	FILE *to = fopen(fixture_path(f, name), "w");

	assert_non_null(to);
	assert_int_equal(fwrite(data, 1, size, to), size);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(chmod(f->path, mode), 0);
	return f->path;
}

static inline const char *
fixture_write(struct fixture *f, const char *name, mode_t mode, const char *text)
{
	return fixture_write_bytes(f, name, mode, text, strlen(text));
}

static inline void
fixture_mkdir(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(fixture_path(f, name), 0700), 0);
}

/* How many faults hold `text`; any line where `line` is 0. */
static inline size_t
fixture_faults(const struct fixture *f, unsigned line, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < f->faults.count; i++)
		count += (line == 0 || f->faults.fault[i].line == line) &&
			 strstr(f->faults.fault[i].text, text) != NULL;
	return count;
}

/* Fails, and shows what was found instead. */
static inline void
fixture_expect(struct fixture *f, unsigned line, const char *text)
{
	if (fixture_faults(f, line, text) == 0) {
		faults_print(&f->faults, stderr);
		fail_msg("no fault at line %u says \"%s\"", line, text);
	}
}

static inline void
fixture_expect_count(struct fixture *f, size_t count)
{
	if (f->faults.count != count) {
		faults_print(&f->faults, stderr);
		fail_msg("%zu faults expected, %zu found", count, f->faults.count);
	}
}

/* `text` with the first `from` replaced by `to`; it must be there. To be freed. */
static inline char *
fixture_replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *result = malloc(size);

	if (at == NULL || result == NULL)
		fail_msg("\"%s\" is not in the text", from);
	memcpy(result, text, (size_t)(at - text));
	snprintf(result + (at - text), size - (size_t)(at - text), "%s%s", to, at + strlen(from));
	return result;
}

#endif

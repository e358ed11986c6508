/*
 * For tests of one kind of file that faults are found in: loading a text, or a good one that is
 * changed at one place. The test says what its subject is. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_CONFIG_SUBJECT_H
#define HALLMARK_TESTS_UNIT_CONFIG_SUBJECT_H

#include "proto/err.h"
#include "tests/unit/config_fixture.h"

struct config_subject {
	const char *file; /* its name in the scratch directory */
	const char *base; /* without a fault */
	void *(*load)(const char *path, struct faults *faults, enum err *e);
};

static const struct config_subject subject; /* by the test */

/* What is loaded is there if nothing is wrong with it, and only then. */
static inline void *
load(struct fixture *f, const char *text)
{
	void *loaded;
	enum err e;

	fixture_write(f, subject.file, 0644, text);
	faults_free(&f->faults);
	loaded = subject.load(f->path, &f->faults, &e);
	assert_int_equal(e, f->faults.count == 0 ? ERR_OK : ERR_CONFIG);
	assert_int_equal(loaded != NULL, e == ERR_OK);
	return loaded;
}

static inline void *
accept_text(void **state, const char *text)
{
	void *loaded = load(*state, text);

	fixture_expect_count(*state, 0);
	return loaded;
}

/* The base with `from` replaced by `to`. */
static inline void *
accept(void **state, const char *from, const char *to)
{
	char *text = fixture_replace(subject.base, from, to);
	void *loaded = accept_text(state, text);

	free(text);
	return loaded;
}

/* The base with `from` replaced by `to` has this one fault. */
static inline void
refuse(void **state, const char *from, const char *to, unsigned line, const char *fault)
{
	char *text = fixture_replace(subject.base, from, to);

	assert_null(load(*state, text));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, line, fault);
	free(text);
}

#endif

/*
 * A log whose operators say things: what is in force in it, and what is expected of it.
 */
#ifndef HALLMARK_TESTS_UNIT_STANDING_LOG_H
#define HALLMARK_TESTS_UNIT_STANDING_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/standing_fixture.h"

static struct stand s;
static struct standing *in_force;
static char hex[DIGEST_HEX_SIZE + 1];

/* What is refused leaves no trace: the list is the same afterwards. */
static inline void
assert_refused(const struct statement *said, const struct operator_key *by, enum err expected)
{
	struct buf before = BUF_INIT, after = BUF_INIT;

	assert_int_equal(standing_write(in_force, &before), ERR_OK);
	assert_int_equal(stand_take(&s, in_force, said, by, NULL), expected);
	assert_int_equal(standing_write(in_force, &after), ERR_OK);
	assert_true(view_equal(buf_view(&before), buf_view(&after)));
	buf_free(&before);
	buf_free(&after);
}

static inline struct digest
assert_taken(const struct statement *said, const struct operator_key *by)
{
	struct digest digest;

	assert_int_equal(stand_take(&s, in_force, said, by, &digest), ERR_OK);
	return digest;
}

static inline struct digest
approve(const struct digest *manifest, const char *author, const struct operator_key *by)
{
	struct statement said = stand_approve(&s, manifest, hex);

	said.author = view_of_string(author);
	return assert_taken(&said, by);
}

static inline enum err
take(const struct digest *manifest, const struct digest *approvals, size_t count)
{
	return standing_take_manifest(in_force, manifest, approvals, count, T, stand_fetch, &s);
}

static inline void
begin(const struct digest *manifest)
{
	standing_free(&in_force);
	in_force = stand_begin(&s, manifest);
}

static inline void
assert_approvals(const struct digest *manifest, uint32_t needed, uint32_t found)
{
	struct standing_approvals a;

	standing_find_approvals(in_force, manifest, T, &a);
	assert_int_equal(a.needed, needed);
	assert_int_equal(a.found, found);
}

static inline int
setup(void **state)
{
	(void)state;
	stand_setup(&s);
	in_force = NULL;
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	standing_free(&in_force);
	stand_teardown(&s);
	return 0;
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif

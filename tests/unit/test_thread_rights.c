/* What threads may do, where they agree and where they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/runtime/thread_rights.h"

static enum err
note_view(struct thread_rights *r, struct view status)
{
	const struct thread_view t = {
	    .status = status,
	    .place = {[NAMESPACE_MOUNT] = NAMESPACE_OWN, [NAMESPACE_USER] = NAMESPACE_HOST},
	    .cwd = VIEW_LITERAL("/two words"),
	    .root = VIEW_LITERAL("/"),
	};

	return thread_rights_note(r, &t);
}

static enum err
note(struct thread_rights *r, const char *uid, const char *groups)
{
	char status[512];
	const int size = snprintf(status, sizeof(status),
	    "Name:\tapp\nUid:\t%s\nGid:\t5\t5\t5\t5\nGroups:\t%s\nCapInh:\t0\nCapPrm:\t0\n"
	    "CapEff:\t0\nCapBnd:\tff\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\nTracerPid:\t0\n",
	    uid, groups);

	assert_in_range(size, 1, sizeof(status) - 1);
	return note_view(r, (struct view){(const uint8_t *)status, (size_t)size});
}

static void
check_fact(const struct component *c, const char *name, const char *expected)
{
	char found[256] = "";

	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_fact *f = &c->items.facts[i];

		if (!view_equal(f->name, view_of_string(name)))
			continue;
		for (size_t j = 0; j < f->value_count; j++)
			(void)snprintf(found + strlen(found), sizeof(found) - strlen(found),
			    "[%.*s]", (int)f->values[j].size, (const char *)f->values[j].data);
		assert_string_equal(found, expected);
		return;
	}
	fail_msg("no fact %s", name);
}

static void
finish(struct thread_rights *r, struct buf *bytes, struct component **out)
{
	struct component_builder *b = component_builder_new(COMPONENT_RUNTIME);
	size_t count;

	assert_non_null(b);
	assert_int_equal(thread_rights_add(r, b), ERR_OK);
	assert_int_equal(component_finish(b, bytes, &count), ERR_OK);
	assert_int_equal(count, 22);
	component_builder_free(&b);
	assert_int_equal(component_decode(buf_view(bytes), out), ERR_OK);
}

static void
threads_that_agree(void **state)
{
	struct thread_rights *r = thread_rights_new();
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	assert_non_null(r);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(note(r, "1\t2\t3\t4", "7 8 "), ERR_OK);
	finish(r, &bytes, &c);
	check_fact(c, "uid", "[1][2][3][4]");
	check_fact(c, "groups", "[7][8]");
	check_fact(c, "capabilities_bounding", "[ff]");
	check_fact(c, "namespace_mount", "[own]");
	check_fact(c, "namespace_time", ""); /* a kernel that has none */
	check_fact(c, "cwd", "[/two words]");
	check_fact(c, "threads_differ", "");
	component_free(&c);
	buf_free(&bytes);
	thread_rights_free(&r);
}

static void
threads_that_differ(void **state)
{
	struct thread_rights *r = thread_rights_new();
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	assert_non_null(r);
	assert_int_equal(note(r, "9\t9\t9\t9", "7 8 "), ERR_OK);
	assert_int_equal(note(r, "10\t9\t9\t9", ""), ERR_OK);
	assert_int_equal(note(r, "1\t9\t9\t9", "7 "), ERR_OK);
	assert_int_equal(note(r, "9\t9\t9\t9", "7 8 "), ERR_OK);
	finish(r, &bytes, &c);
	check_fact(c, "uid", "[1][9][9][9][10][9][9][9][9][9][9][9]");
	check_fact(c, "groups", "[][7][7][8]");
	check_fact(c, "gid", "[5][5][5][5]");
	check_fact(c, "threads_differ", "[groups 1x1 1x1 2-9x2][uid 1x4 1x4 2-9x4]");
	component_free(&c);
	buf_free(&bytes);
	thread_rights_free(&r);
}

static void
threads_that_all_differ(void **state)
{
	struct thread_rights *r = thread_rights_new();
	char uid[16];

	(void)state;
	assert_non_null(r);
	for (unsigned i = 0; i < THREAD_RIGHTS_MAX; i++) {
		(void)snprintf(uid, sizeof(uid), "%u", i);
		assert_int_equal(note(r, uid, ""), ERR_OK);
	}
	assert_int_equal(note(r, "0", ""), ERR_OK);
	assert_int_equal(note(r, "x", ""), ERR_FORMAT_SIZE);
	thread_rights_free(&r);
}

static void
a_status_that_lacks_something(void **state)
{
	struct thread_rights *r = thread_rights_new();

	(void)state;
	assert_non_null(r);
	assert_int_equal(note_view(r, VIEW_LITERAL("Uid:\t0\nGid:\t0\n")), ERR_FORMAT);
	assert_int_equal(note_view(r, VIEW_LITERAL("")), ERR_FORMAT);
	thread_rights_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(threads_that_agree),
	    cmocka_unit_test(threads_that_differ),
	    cmocka_unit_test(threads_that_all_differ),
	    cmocka_unit_test(a_status_that_lacks_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

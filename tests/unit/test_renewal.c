/* Files that are renewed: when they count, and when they are tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/text.h"
#include "trust/renewal.h"

struct stage {
	char directory[64], first[96], second[96];
	struct renewal renewal;
};

static void
put(const char *path, const char *text)
{
	char beside[128];
	FILE *f;

	/* Another file under the same name: no clock is fine enough to tell two writes apart. */
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	assert_non_null(f = fopen(beside, "w"));
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(beside, path), 0);
}

static int
set_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	const char *paths[3];

	strcpy(s->directory, "/tmp/hallmark-renewal.XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	(void)snprintf(s->first, sizeof(s->first), "%s/first", s->directory);
	(void)snprintf(s->second, sizeof(s->second), "%s/second", s->directory);
	put(s->first, "one");
	put(s->second, "two");
	paths[0] = s->first;
	paths[1] = NULL; /* not configured */
	paths[2] = s->second;
	renewal_begin(&s->renewal, paths, 3);
	assert_int_equal(s->renewal.count, 2);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct stage *s = *state;

	(void)unlink(s->first);
	(void)unlink(s->second);
	assert_int_equal(rmdir(s->directory), 0);
	free(s);
	return 0;
}

static void
test_what_stays_is_no_renewal(void **state)
{
	struct stage *s = *state;

	assert_false(renewal_is_due(&s->renewal, 0));
	assert_false(renewal_is_due(&s->renewal, 1000));
}

static void
test_a_renewal_counts_when_it_has_stood_still(void **state)
{
	struct stage *s = *state;

	put(s->first, "new");
	assert_false(renewal_is_due(&s->renewal, 0));
	put(s->second, "new");
	assert_false(renewal_is_due(&s->renewal, 1000));
	assert_true(renewal_is_due(&s->renewal, 2000));
	renewal_taken(&s->renewal);
	assert_false(renewal_is_due(&s->renewal, 3000));
}

static void
test_the_files_that_are_news_are_named(void **state)
{
	struct stage *s = *state;
	struct buf told = BUF_INIT;
	char both[256];

	put(s->second, "new");
	assert_false(renewal_is_due(&s->renewal, 0));
	renewal_append_news(&s->renewal, &told);
	assert_true(view_equal(buf_view(&told), view_of_string(s->second)));
	buf_free(&told);
	put(s->first, "new");
	assert_false(renewal_is_due(&s->renewal, 1000));
	renewal_append_news(&s->renewal, &told);
	(void)snprintf(both, sizeof(both), "%s, %s", s->first, s->second);
	assert_true(view_equal(buf_view(&told), view_of_string(both)));
	buf_free(&told);
	renewal_taken(&s->renewal);
	renewal_append_news(&s->renewal, &told);
	assert_int_equal(told.size, 0);
	buf_free(&told);
}

static void
test_what_was_refused_is_tried_again_when_it_changes_or_after_a_while(void **state)
{
	struct stage *s = *state;

	put(s->first, "bad");
	assert_false(renewal_is_due(&s->renewal, 0));
	assert_true(renewal_is_due(&s->renewal, 1000));
	assert_true(renewal_refused(&s->renewal, 1000));
	assert_false(renewal_is_due(&s->renewal, 1000 + RENEWAL_RETRY_MS - 1));
	assert_true(renewal_is_due(&s->renewal, 1000 + RENEWAL_RETRY_MS));
	assert_false(renewal_refused(&s->renewal, 1000 + RENEWAL_RETRY_MS)); /* said already */
	put(s->first, "worse");
	assert_false(renewal_is_due(&s->renewal, 62000));
	assert_true(renewal_is_due(&s->renewal, 63000));
	assert_true(renewal_refused(&s->renewal, 63000));
}

static void
test_a_file_that_is_gone_is_a_change(void **state)
{
	struct stage *s = *state;

	assert_int_equal(unlink(s->second), 0);
	assert_false(renewal_is_due(&s->renewal, 0));
	assert_true(renewal_is_due(&s->renewal, 1000));
	assert_true(renewal_refused(&s->renewal, 1000));
	put(s->second, "two");
	assert_false(renewal_is_due(&s->renewal, 2000));
	assert_true(renewal_is_due(&s->renewal, 3000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_what_stays_is_no_renewal, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_a_renewal_counts_when_it_has_stood_still, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_the_files_that_are_news_are_named, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_what_was_refused_is_tried_again_when_it_changes_or_after_a_while, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		test_a_file_that_is_gone_is_a_change, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

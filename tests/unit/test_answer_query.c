/* Queries and cursors: every parameter in its form, and nothing that is not understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "register/answer/answer_query.h"
#include "register/answer/answer_terms.h"

#define ALL (TAKES(PARAMETERS) - 1)

static const char *
parse(const char *query, unsigned takes)
{
	struct answer_query q;
	const char *code, *wrong = answer_query_parse(view_of_string(query), takes, &q, &code);

	answer_query_free(&q);
	return wrong == NULL ? NULL : code;
}

static void
what_is_given_is_read(void **state)
{
	struct answer_query q;
	const char *code;

	(void)state;
	assert_null(answer_query_parse(
	    VIEW_LITERAL("limit=7&tier=none&silent=false&workload=a%2a%C3%A9&host=x+y&at=12"), ALL,
	    &q, &code));
	assert_int_equal(q.limit, 7);
	assert_int_equal(q.tier, REPORT_NONE);
	assert_false(q.silent);
	assert_false(q.at_is_time);
	assert_int_equal(q.at, 12);
	assert_true(answer_query_has(&q, PARAMETER_SILENT));
	assert_false(answer_query_has(&q, PARAMETER_LOG));
	assert_true(answer_query_matches(&q, PARAMETER_WORKLOAD, VIEW_LITERAL("abc\xc3\xa9")));
	assert_false(answer_query_matches(&q, PARAMETER_WORKLOAD, VIEW_LITERAL("abc")));
	assert_true(answer_query_matches(&q, PARAMETER_HOST, VIEW_LITERAL("x+y")));
	assert_true(answer_query_matches(&q, PARAMETER_CODE, VIEW_LITERAL("anything")));
	answer_query_free(&q);
	assert_null(answer_query_parse(VIEW_LITERAL("at=2026-11-24T10:00:01Z"), ALL, &q, &code));
	assert_true(q.at_is_time);
	assert_int_equal(q.at, 1795514401);
	answer_query_free(&q);
	assert_null(answer_query_parse(VIEW_LITERAL(""), 0, &q, &code));
	assert_int_equal(q.limit, ANSWER_LIMIT_DEFAULT);
	answer_query_free(&q);
}

static void
what_is_not_understood_is_refused(void **state)
{
	static const char *const wrong[] = {"limit=0", "limit=501", "limit=1.0", "limit=+1",
	    "limit=", "limit", "=1", "&", "limit=1&&tier=none", "limit=1&limit=1", "nothing=1",
	    "Limit=1", "tier=Affirming", "tier=0", "silent=1", "workload=\\a", "workload=%",
	    "workload=%4", "workload=%4g", "workload=%0a", "workload=%e2%80%8b", "workload=%ff",
	    "host=%5c", "at=1.5", "at=-1", "at=2026-11-24", "at=99999999999999999999",
	    "at=2026-11-24T10:00:00.5Z", "tier=none%00"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i], ALL) == NULL ||
		    strcmp(parse(wrong[i], ALL), "bad-parameter") != 0)
			fail_msg("%s: taken, or another code", wrong[i]);
	assert_string_equal(parse("tier=none", TAKES(PARAMETER_LIMIT)), "bad-parameter");
}

static void
a_cursor_comes_back_as_it_was(void **state)
{
	const struct answer_cursor c = {3, 0xabcd0001, UINT64_MAX, 17};
	struct answer_query q;
	struct buf text = BUF_INIT;
	const char *code;

	(void)state;
	buf_append_string(&text, "cursor=");
	answer_cursor_append(&c, &text);
	assert_null(answer_query_parse(buf_view(&text), ALL, &q, &code));
	assert_int_equal(q.cursor.resource, 3);
	assert_int_equal(q.cursor.log, 0xabcd0001);
	assert_true(q.cursor.first == UINT64_MAX);
	assert_int_equal(q.cursor.second, 17);
	answer_query_free(&q);
	for (size_t size = strlen("cursor=") + 1; size < text.size; size++) {
		assert_non_null(answer_query_parse((struct view){text.data, size}, ALL, &q, &code));
		assert_string_equal(code, "bad-cursor");
		answer_query_free(&q);
	}
	buf_append_byte(&text, 'A');
	assert_non_null(answer_query_parse(buf_view(&text), ALL, &q, &code));
	answer_query_free(&q);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_given_is_read),
	    cmocka_unit_test(what_is_not_understood_is_refused),
	    cmocka_unit_test(a_cursor_comes_back_as_it_was)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

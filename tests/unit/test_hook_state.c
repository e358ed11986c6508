/* Which hook is told which verdict, and what stands in its input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "collector/act/hook_state.h"

static const struct collector_hook hooks[] = {
    {.name = "all", .on = {true, true, true, true, false}},
    {.name = "fallen",
	.on = {[BUNDLE_VERDICT_CONTRAINDICATED] = true, [BUNDLE_VERDICT_UNKNOWN] = true},
	.unknown_after_s = 10},
};
static const struct collector_hook turned[] = {
    {.name = "fallen", .on = {[BUNDLE_VERDICT_CONTRAINDICATED] = true}},
    {.name = "new", .on = {true, true, true, true, false}},
};
static const struct collector_workload workloads[] = {
    {.name = "plain"}, {.name = "app", .hook_count = 2, .hooks = hooks}};
static const struct collector_workload other[] = {
    {.name = "app", .hook_count = 2, .hooks = turned}};
static const struct collector_config config = {.workloads = workloads, .workload_count = 2};
static const struct collector_config changed = {.workloads = other, .workload_count = 1};

static void
say(struct hook_state *s, enum bundle_verdict verdict, uint64_t now_ms)
{
	struct hook_workload *w = hook_state_find(s, "app");

	w->said.any = true;
	w->said.verdict = verdict;
	w->heard_ms = now_ms;
}

static void
expect(struct hook_state *s, uint64_t now_ms, size_t hook, enum bundle_verdict verdict)
{
	struct hook_task task;

	assert_true(hook_state_next(s, 0, now_ms, &task));
	assert_int_equal(task.hook, hook);
	assert_int_equal(task.verdict, verdict);
}

static void
expect_none(struct hook_state *s, uint64_t now_ms)
{
	struct hook_task task;

	assert_false(hook_state_next(s, 0, now_ms, &task));
}

static void
a_change_is_told_once_to_whom_it_is_for(void **state)
{
	struct hook_state s = {NULL, 0};

	(void)state;
	assert_int_equal(hook_state_set(&s, &config, 1000), ERR_OK);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.workload[0].number, 1);
	assert_null(hook_state_find(&s, "plain"));
	expect_none(&s, 1000);
	say(&s, BUNDLE_VERDICT_AFFIRMING, 2000);
	expect(&s, 2000, 0, BUNDLE_VERDICT_AFFIRMING);
	expect_none(&s, 2000);
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 3000);
	expect(&s, 3000, 0, BUNDLE_VERDICT_CONTRAINDICATED);
	expect(&s, 3000, 1, BUNDLE_VERDICT_CONTRAINDICATED);
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 4000);
	expect_none(&s, 4000);
	say(&s, BUNDLE_VERDICT_AFFIRMING, 5000);
	expect(&s, 5000, 0, BUNDLE_VERDICT_AFFIRMING);
	expect_none(&s, 5000);
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 6000);
	expect(&s, 6000, 0, BUNDLE_VERDICT_CONTRAINDICATED);
	expect(&s, 6000, 1, BUNDLE_VERDICT_CONTRAINDICATED);
	expect_none(&s, 6000);
	hook_state_free(&s);
}

static void
unknown_is_for_who_names_it(void **state)
{
	struct hook_state s = {NULL, 0};

	(void)state;
	assert_int_equal(hook_state_set(&s, &config, 1000), ERR_OK);
	assert_int_equal(hook_state_due_ms(&s), 11000);
	expect_none(&s, 10999);
	expect(&s, 11000, 1, BUNDLE_VERDICT_UNKNOWN);
	expect_none(&s, 99000);
	assert_int_equal(hook_state_due_ms(&s), UINT64_MAX);
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 99000);
	expect(&s, 99000, 0, BUNDLE_VERDICT_CONTRAINDICATED);
	expect(&s, 99000, 1, BUNDLE_VERDICT_CONTRAINDICATED);
	assert_int_equal(hook_state_due_ms(&s), 109000);
	expect(&s, 109000, 1, BUNDLE_VERDICT_UNKNOWN);
	/* The other one does not know that it was away. */
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 110000);
	expect(&s, 110000, 1, BUNDLE_VERDICT_CONTRAINDICATED);
	expect_none(&s, 110000);
	hook_state_free(&s);
}

static void
a_reload_tells_nobody_twice(void **state)
{
	struct hook_state s = {NULL, 0};

	(void)state;
	assert_int_equal(hook_state_set(&s, &config, 1000), ERR_OK);
	say(&s, BUNDLE_VERDICT_CONTRAINDICATED, 2000);
	expect(&s, 2000, 0, BUNDLE_VERDICT_CONTRAINDICATED);
	expect(&s, 2000, 1, BUNDLE_VERDICT_CONTRAINDICATED);
	assert_int_equal(hook_state_set(&s, &changed, 3000), ERR_OK);
	assert_int_equal(s.workload[0].number, 0);
	expect(&s, 3000, 1, BUNDLE_VERDICT_CONTRAINDICATED); /* "new" */
	expect_none(&s, 3000);
	hook_state_free(&s);
}

static void
its_input_is_one_line_of_json(void **state)
{
	struct hook_task task = {0, 0, BUNDLE_VERDICT_WARNING, {false, BUNDLE_VERDICT_NONE}};
	struct hook_state s = {NULL, 0};
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(hook_state_set(&s, &config, 1000), ERR_OK);
	hook_state_write(&s, &task, 1796000000, &text);
	assert_true(view_equal(buf_view(&text),
	    view_of_string(
		"{\"workload\":\"app\",\"hook\":\"all\",\"time\":\"2026-11-30T00:53:20Z\","
		"\"verdict\":\"warning\",\"before\":null,\"receipt\":null}\n")));
	say(&s, BUNDLE_VERDICT_WARNING, 2000);
	buf_append_string(&s.workload[0].said.members, ",\"receipt\":{}");
	task.before = (struct hook_told){true, BUNDLE_VERDICT_AFFIRMING};
	buf_clear(&text);
	hook_state_write(&s, &task, 1796000000, &text);
	buf_append_byte(&text, '\0');
	assert_non_null(
	    strstr((const char *)text.data, "\"before\":\"affirming\",\"receipt\":{}}\n"));
	buf_free(&text);
	hook_state_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_is_told_once_to_whom_it_is_for),
	    cmocka_unit_test(unknown_is_for_who_names_it),
	    cmocka_unit_test(a_reload_tells_nobody_twice),
	    cmocka_unit_test(its_input_is_one_line_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

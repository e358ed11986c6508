/* What is remembered of acts: it comes back as it was, and nothing else is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/act/act_memory.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char directory[] = "/tmp/hallmark-test-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	return mkdtemp(directory) == NULL;
}

static int
end(void **state)
{
	char path[sizeof(directory) + 32];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/%s", directory, ACT_MEMORY_NAME);
	(void)unlink(path);
	return rmdir(directory);
}

static void
write_file(const char *text)
{
	char path[sizeof(directory) + 32];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, ACT_MEMORY_NAME);
	assert_non_null(file = fopen(path, "w"));
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct act_memory
opened(void)
{
	struct trouble t = TROUBLE_INIT;
	struct act_memory m;

	assert_int_equal(act_memory_open(&m, directory, &t), ERR_OK);
	return m;
}

static struct digest
digest_with(uint8_t byte)
{
	struct digest d;

	memset(&d, byte, sizeof(d));
	return d;
}

static void
it_comes_back(void **state)
{
	struct act_memory m = opened();
	const struct digest report = digest_with(1), grant = digest_with(2), key = digest_with(3);
	const struct grant used = {.key = key, .number = 7, .not_after_s = 200};
	struct trouble t = TROUBLE_INIT;
	struct act_fall *f;

	(void)state;
	assert_int_equal(m.fall_count + m.used_count + m.time_count, 0);
	assert_non_null(f = act_memory_begin(&m, "app"));
	act_fall_add(f, &report);
	f->turned_s = 90;
	f->act[STATEMENT_FREEZE] = (struct act_done){ACT_HELD, grant, 0};
	f->act[STATEMENT_STOP] = (struct act_done){ACT_BEGUN, grant, 0};
	assert_non_null(act_memory_begin(&m, "well")); /* with nothing of it */
	assert_int_equal(act_memory_use(&m, &used, 100), ERR_OK);
	assert_int_equal(act_memory_save(&m, &t), ERR_OK);
	act_memory_close(&m);
	m = opened();
	assert_int_equal(m.fall_count, 2);
	assert_non_null(f = act_memory_find(&m, "app"));
	assert_true(f->has_report && digest_equal(&f->report, &report));
	assert_int_equal(f->turned_s, 90);
	assert_int_equal(f->act[STATEMENT_FREEZE].standing, ACT_HELD);
	assert_int_equal(f->act[STATEMENT_STOP].standing, ACT_BEGUN);
	assert_int_equal(f->act[STATEMENT_ISOLATE].standing, ACT_IDLE);
	assert_true(digest_equal(&f->act[STATEMENT_FREEZE].granted, &grant));
	assert_true(act_memory_has_used(&m, &key, 7));
	assert_false(act_memory_has_used(&m, &key, 8));
	assert_false(act_memory_has_used(&m, &grant, 7));
	assert_int_equal(act_memory_count_since(&m, 150, 60), 1);
	act_memory_tidy(&m);
	assert_int_equal(m.fall_count, 1);
	assert_null(act_memory_find(&m, "well"));
	act_memory_close(&m);
}

static void
nothing_else_is_taken_for_it(void **state)
{
#define WITH(falls, used, times)                                                                   \
	"{\"form\":1,\"falls\":[" falls "],\"used\":[" used "],\"times\":[" times "]}"
#define FALL(name, report, acts)                                                                   \
	"{\"workload\":\"" name "\",\"turned\":1,\"report\":\"" report "\",\"acts\":[" acts "]}"
#define ACT(act, standing, grant)                                                                  \
	"{\"act\":\"" act "\",\"standing\":\"" standing "\",\"grant\":\"" grant "\"}"
	static const char *const bad[] = {"", "{", "[]", "null", "{}", "{\"form\":1}",
	    "{\"form\":2,\"falls\":[],\"used\":[],\"times\":[]}",
	    "{\"form\":1,\"falls\":{},\"used\":[],\"times\":[]}",
	    "{\"form\":1,\"falls\":[],\"used\":[],\"used\":[],\"times\":[]}", WITH("7", "", ""),
	    WITH("{}", "", ""), WITH("{\"workload\":\"app\",\"report\":\"\",\"acts\":[]}", "", ""),
	    WITH(FALL("a/b", HEX, ""), "", ""), WITH(FALL("app", "00", ""), "", ""),
	    WITH(FALL("app", HEX "0", ""), "", ""),
	    WITH(FALL("app", HEX, "") "," FALL("app", HEX, ""), "", ""),
	    WITH(FALL("app", HEX, ACT("kill", "held", HEX)), "", ""),
	    WITH(FALL("app", HEX, ACT("freeze", "cold", HEX)), "", ""),
	    WITH(FALL("app", HEX, ACT("freeze", "held", "")), "", ""),
	    WITH("", "{\"key\":\"" HEX "\",\"number\":-1,\"until\":1}", ""),
	    WITH("", "{\"key\":\"" HEX "\",\"number\":1}", ""),
	    WITH("", "{\"number\":1,\"until\":1}", ""), WITH("", "", "-1"), WITH("", "", "\"1\""),
	    WITH("", "", "1") "x"};
	struct trouble t = TROUBLE_INIT;
	struct act_memory m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i]);
		if (act_memory_open(&m, directory, &t) != ERR_FORMAT)
			fail_msg("taken: %s", bad[i]);
		assert_non_null(strstr(t.text, ACT_MEMORY_NAME));
	}
	write_file(WITH(FALL("app", HEX, ACT("freeze", "held", HEX)), "", "1"));
	m = opened();
	act_memory_close(&m);
}

static void
a_fall_has_its_first_report_and_the_newest(void **state)
{
	struct act_memory m = opened();
	struct act_fall *f = act_memory_begin(&m, "app");
	const struct digest first = digest_with(0);
	struct digest d;

	(void)state;
	assert_non_null(f);
	assert_false(act_fall_has(f, &first));
	for (unsigned i = 0; i < 2 * ACT_RECENT_MAX; i++) {
		d = digest_with((uint8_t)i);
		act_fall_add(f, &d);
		act_fall_add(f, &d); /* which may be told twice */
		assert_true(act_fall_has(f, &d));
	}
	assert_true(act_fall_has(f, &first));
	for (unsigned i = 1; i < 2 * ACT_RECENT_MAX; i++) {
		d = digest_with((uint8_t)i);
		assert_int_equal(act_fall_has(f, &d), i >= ACT_RECENT_MAX);
	}
	f->has_report = false;
	assert_false(act_fall_has(f, &first));
	act_memory_close(&m);
}

static void
numbers_are_forgotten_when_they_are_over_and_not_before(void **state)
{
	struct act_memory m = opened();
	struct grant g = {.key = digest_with(1)};

	(void)state;
	for (uint64_t i = 0; i < ACT_USED_MAX; i++) {
		g.number = i + 1;
		g.not_after_s = 1000 + i;
		assert_int_equal(act_memory_use(&m, &g, 100), ERR_OK);
	}
	g.number = ACT_USED_MAX + 1;
	assert_int_equal(act_memory_use(&m, &g, 999), ERR_NO_ROOM);
	assert_true(act_memory_has_used(&m, &g.key, 1));
	assert_int_equal(act_memory_use(&m, &g, 1000), ERR_OK);
	assert_false(act_memory_has_used(&m, &g.key, 1));
	assert_true(act_memory_has_used(&m, &g.key, 2));
	act_memory_close(&m);
}

static void
acts_are_counted_in_an_interval_and_those_of_the_future_too(void **state)
{
	struct act_memory m = opened();
	const struct grant g = {.not_after_s = 1};

	(void)state;
	for (uint64_t s = 100; s < 110; s++)
		assert_int_equal(act_memory_use(&m, &g, s), ERR_OK);
	assert_int_equal(act_memory_count_since(&m, 109, 60), 10);
	assert_int_equal(act_memory_count_since(&m, 164, 60), 5);
	assert_int_equal(act_memory_count_since(&m, 169, 60), 0);
	/* A clock that was set back frees nothing. */
	assert_int_equal(act_memory_count_since(&m, 50, 60), 10);
	act_memory_close(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(it_comes_back, begin, end),
	    cmocka_unit_test_setup_teardown(nothing_else_is_taken_for_it, begin, end),
	    cmocka_unit_test_setup_teardown(a_fall_has_its_first_report_and_the_newest, begin, end),
	    cmocka_unit_test_setup_teardown(
		numbers_are_forgotten_when_they_are_over_and_not_before, begin, end),
	    cmocka_unit_test_setup_teardown(
		acts_are_counted_in_an_interval_and_those_of_the_future_too, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

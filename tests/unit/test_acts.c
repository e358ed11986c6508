/* What a fall is to who acts: a verdict of before is none, whoever brings it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "collector/act/acts.h"

static char directory[] = "/tmp/hallmark-test-XXXXXX";
static struct collector_act act = {.act = STATEMENT_FREEZE};
static struct collector_workload workload = {.name = "app", .acts = &act, .act_count = 1};
static struct acts acts;

static void
start(void)
{
	struct trouble t = TROUBLE_INIT;

	acts = (struct acts){.hands = -1, .grants = -1, .is_on = true};
	assert_int_equal(act_memory_open(&acts.memory, directory, &t), ERR_OK);
}

static int
begin(void **state)
{
	(void)state;
	act.on[BUNDLE_VERDICT_CONTRAINDICATED] = true;
	if (mkdtemp(directory) == NULL)
		return 1;
	start();
	return 0;
}

static int
end(void **state)
{
	char path[sizeof(directory) + 32];

	(void)state;
	act_memory_close(&acts.memory);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, ACT_MEMORY_NAME);
	(void)unlink(path);
	return rmdir(directory);
}

static void
hear(enum bundle_verdict verdict, uint64_t issued_s)
{
	const struct hook_workload w = {.config = &workload,
	    .said = {.any = true,
		.verdict = verdict,
		.issued_s = issued_s,
		.leaf = {.bytes = {(uint8_t)issued_s}}}};

	acts_hear(&acts, &w);
}

static bool
falls(void)
{
	const struct act_fall *f = act_memory_find(&acts.memory, "app");

	return f != NULL && f->has_report;
}

static void
a_fall_that_is_over_does_not_come_again(void **state)
{
	(void)state;
	hear(BUNDLE_VERDICT_CONTRAINDICATED, 100);
	assert_true(falls());
	hear(BUNDLE_VERDICT_AFFIRMING, 200);
	assert_false(falls());
	act_memory_tidy(&acts.memory);
	/* Started again, it knows nothing but what it has written down. */
	act_memory_close(&acts.memory);
	start();
	hear(BUNDLE_VERDICT_CONTRAINDICATED, 100);
	assert_false(falls());
	hear(BUNDLE_VERDICT_CONTRAINDICATED, 201);
	assert_true(falls());
	/* One that was well before this fall does not end it. */
	act_memory_close(&acts.memory);
	start();
	assert_true(falls());
	hear(BUNDLE_VERDICT_AFFIRMING, 150);
	assert_true(falls());
	hear(BUNDLE_VERDICT_AFFIRMING, 202);
	assert_false(falls());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_fall_that_is_over_does_not_come_again, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

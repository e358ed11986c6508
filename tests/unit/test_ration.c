/*
 * How many lines peers may bring about, and what is said of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journal/ration.h"

#define START_MS 1000000

static struct rations rations;

static int
begin(void **state)
{
	(void)state;
	memset(&rations, 0, sizeof(rations));
	return 0;
}

static bool
take(enum ration_kind kind, const char *code, const char *called, const char *name, uint64_t ms)
{
	const struct ration_about about = {kind, "refusal", code, called, view_of_string(name)};

	return rations_take(&rations, &about, START_MS + ms);
}

static unsigned
take_many(unsigned count, const char *code, const char *called, const char *name, uint64_t ms)
{
	unsigned said = 0;

	while (count-- > 0)
		said += take(RATION_FAULTS, code, called, name, ms);
	return said;
}

static void
test_one_peer_has_a_burst_and_then_four_a_minute(void **state)
{
	(void)state;
	assert_int_equal(take_many(10000, "busy", "collector", "a", 0), 32);
	assert_int_equal(take_many(10000, "busy", "collector", "a", 14999), 0);
	assert_int_equal(take_many(10000, "busy", "collector", "a", 60000), 4);
	/* An hour later it is as if nothing had been. */
	assert_int_equal(take_many(10000, "busy", "collector", "a", 3600000), 32);
}

/* A round of a host's workloads that all change at once is said whole. */
static void
test_verdicts_have_more(void **state)
{
	unsigned said = 0, of_all = 0;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		said += take(RATION_VERDICTS, "warning", "collector", "a", 0);
	assert_int_equal(said, 256);
	for (unsigned i = 0; i < 1000; i++)
		said += take(RATION_VERDICTS, "warning", "collector", "a", 7000);
	assert_int_equal(said, 263);
	begin(NULL);
	for (unsigned ms = 0; ms <= 1000; ms += 1000)
		for (unsigned i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "host%u", i);
			of_all += take(RATION_VERDICTS, "warning", "collector", name, ms);
		}
	assert_int_equal(of_all, 1024 + 10);
}

static void
test_codes_and_peers_are_apart(void **state)
{
	(void)state;
	assert_int_equal(take_many(100, "busy", "collector", "a", 0), 32);
	assert_int_equal(take_many(100, "busy", "collector", "b", 0), 32);
	assert_int_equal(take_many(100, "in-flight", "collector", "a", 0), 32);
}

/* Of an event that is nobody's: its name is nowhere, not only empty. */
static void
test_what_is_nobodys_has_a_ration(void **state)
{
	const struct ration_about about = {.event = "connection-limit", .called = "peer"};
	unsigned said = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		said += rations_take(&rations, &about, START_MS);
	assert_int_equal(said, 32);
}

static void
test_many_peers_share(void **state)
{
	unsigned said = 0;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "192.0.2.%u", i);
		said += take(RATION_FAULTS, "tls-handshake", "peer", name, 0);
	}
	assert_int_equal(said, 128);
	/* Nobody who is known pays for them, but for a place of its own in the table. */
	said = take_many(1000, "tls-handshake", "collector", "a", 0);
	assert_true(said == 32 || said == 128);
	assert_int_equal(take_many(100, "tls-handshake", "peer", "198.51.100.1", 10000), 20);
}

static void
test_an_alarm_is_said_whatever_others_do(void **state)
{
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		assert_true(take(RATION_ALARM, "chain-broken", "collector", name, 0));
	}
	/* The same peer again: so often, and once a minute, as long as the table knows it. */
	for (unsigned i = 0; i < 32; i++)
		assert_true(take(RATION_ALARM, "guard-fork", "collector", "one", 200000));
	assert_false(take(RATION_ALARM, "guard-fork", "collector", "one", 259999));
	assert_true(take(RATION_ALARM, "guard-fork", "collector", "one", 260000));
	assert_false(take(RATION_ALARM, "guard-fork", "collector", "one", 260000));
}

static void
test_what_was_left_out_is_said(void **state)
{
	struct ration_left left[RATION_SAID_MAX + 1];

	(void)state;
	take_many(132, "busy", "collector", "a", 0);
	take_many(50, "busy", "collector", "b", 1000);
	assert_int_equal(rations_say(&rations, START_MS + RATION_FIRST_MS - 1, false, left), 0);
	assert_int_equal(rations_say(&rations, START_MS + RATION_FIRST_MS, false, left), 2);
	assert_string_equal(left[0].event, "refusal");
	assert_string_equal(left[0].code, "busy");
	assert_string_equal(left[0].called, "collector");
	assert_string_equal(left[0].name, "a");
	assert_int_equal(left[0].lines, 100);
	assert_int_equal(left[0].since_ms, START_MS);
	assert_string_equal(left[1].name, "b");
	assert_int_equal(left[1].lines, 18);
	/* Then once a minute, and of what has come since. */
	take_many(7, "busy", "collector", "a", RATION_FIRST_MS);
	assert_int_equal(
	    rations_say(&rations, START_MS + RATION_FIRST_MS + RATION_AGAIN_MS - 1, false, left),
	    0);
	assert_int_equal(
	    rations_say(&rations, START_MS + RATION_FIRST_MS + RATION_AGAIN_MS, false, left), 1);
	assert_int_equal(left[0].lines, 7);
	/* A quiet minute later nothing is waited for; at the end all is said at once. */
	assert_int_equal(rations_say(&rations, START_MS + 300000, false, left), 0);
	assert_int_equal(rations.say_ms, 0);
	take_many(40, "busy", "collector", "c", 300000);
	assert_int_equal(rations_say(&rations, START_MS + 300000, true, left), 1);
	assert_int_equal(left[0].lines, 8);
}

/* 50,000 lines of 5,000 peers, so many a ms or one in so many. */
static void
expect_all_counted(unsigned lines, unsigned ms)
{
	struct ration_left left[RATION_SAID_MAX + 1];
	uint64_t said = 0, told = 0;
	char name[32];
	size_t count;

	begin(NULL);
	for (unsigned i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "192.0.2.%u", i % 5000);
		said += take(RATION_FAULTS, "tls-handshake", "peer", name, i * ms / lines);
	}
	count = rations_say(&rations, START_MS + 1000000, false, left);
	assert_int_equal(count, RATION_SAID_MAX + 1);
	for (size_t i = 0; i < count; i++) {
		assert_true(left[i].name != NULL || i == RATION_SAID_MAX);
		told += left[i].lines;
	}
	assert_true(left[RATION_SAID_MAX].peers > 1);
	assert_int_equal(said + told, 50000);
}

/* Also of those who were not heard again for so long that others might have their places. */
static void
test_no_line_is_lost_count_of(void **state)
{
	(void)state;
	expect_all_counted(10, 1);
	expect_all_counted(1, 10);
}

static void
test_a_long_name_is_cut_and_still_its_own(void **state)
{
	struct ration_left left[RATION_SAID_MAX + 1];
	char name[800], other[800];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memcpy(other, name, sizeof(name));
	other[sizeof(other) - 2] = 'o';
	assert_int_equal(take_many(40, "busy", "collector", name, 0), 32);
	assert_int_equal(take_many(40, "busy", "collector", other, 0), 32);
	assert_int_equal(rations_say(&rations, START_MS, true, left), 2);
	assert_int_equal(strlen(left[0].name), RATION_PEER_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_one_peer_has_a_burst_and_then_four_a_minute, begin),
	    cmocka_unit_test_setup(test_verdicts_have_more, begin),
	    cmocka_unit_test_setup(test_codes_and_peers_are_apart, begin),
	    cmocka_unit_test_setup(test_what_is_nobodys_has_a_ration, begin),
	    cmocka_unit_test_setup(test_many_peers_share, begin),
	    cmocka_unit_test_setup(test_an_alarm_is_said_whatever_others_do, begin),
	    cmocka_unit_test_setup(test_what_was_left_out_is_said, begin),
	    cmocka_unit_test_setup(test_no_line_is_lost_count_of, begin),
	    cmocka_unit_test_setup(test_a_long_name_is_cut_and_still_its_own, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

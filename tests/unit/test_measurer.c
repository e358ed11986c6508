/*
 * The reporting process with a starter and measuring processes that are not what they should be,
 * and a measuring process with what it may not do.
 */
#include "tests/unit/measurer_fixture.h"

static void
test_another_configuration_measures_nothing(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	const struct digest other = {{1}};
	struct trouble t;
	struct measurement m;
	int end;

	begin(s, 0);
	end = live(s, frames, COUNT(frames)); /* it says which one is now in force */
	s->config.source = other;
	assert_int_equal(taken(s, 0, &m, &t), ERR_UNSUPPORTED);
	assert_int_equal(s->components, 0);
	assert_int_equal(ordered(s).what, STARTER_END);
	(void)close(end);
}

static void
test_an_end_costs_one_workload(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;
	int end, beside;

	begin(s, 0);
	end = live(s, frames, 1);
	begin(s, 1);
	beside = live(s, frames, 2);
	(void)close(end); /* in the middle */
	assert_int_equal(taken(s, 1, &m, &t), ERR_OK);
	assert_true(measurer_holds_bytes(s->measurer));
	say(s, STARTER_ENDED, 1, -1);
	assert_int_equal(taken(s, 0, &m, &t), ERR_TRUNCATED);
	assert_non_null(strstr(t.text, "ended while it measured"));
	(void)close(beside);
	assert_int_equal(measure(s, frames, 2, &m, &t), ERR_OK);
}

/* The end of its channel is enough, in a while. */
static void
test_an_end_that_nobody_tells(void **state)
{
	struct stand *s = *state;
	struct trouble t;
	struct measurement m;

	begin(s, 0);
	(void)close(live(s, NULL, 0));
	assert_int_equal(taken(s, 0, &m, &t), ERR_TRUNCATED);
}

static void
test_one_that_says_nothing_is_over_its_budget_and_holds_up_no_other(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	struct starter_order order;
	struct trouble t;
	struct measurement m;
	int silent, beside;

	s->workloads[0].budgets.seconds = 1;
	begin(s, 0);
	silent = live(s, frames, 1);
	begin(s, 1);
	beside = live(s, frames, 2);
	assert_int_equal(taken(s, 1, &m, &t), ERR_OK);
	assert_false(measurer_has_answer(s->measurer, 0));
	assert_int_equal(taken(s, 0, &m, &t), ERR_BUDGET);
	assert_non_null(strstr(t.text, "workload app: it took longer than its budget, seconds: 1"));
	order = ordered(s);
	assert_int_equal(order.what, STARTER_END);
	assert_int_equal(order.number, 1);
	(void)close(silent);
	(void)close(beside);
}

/* While it is not listened to, its time stands still. */
static void
test_time_that_we_take_is_not_its(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;
	int end;

	s->workloads[0].budgets.seconds = 1;
	begin(s, 0);
	end = live(s, frames, COUNT(frames));
	(void)interrupt_poll(NULL, 0, 1200, INTERRUPT_STOP);
	assert_int_equal(taken(s, 0, &m, &t), ERR_OK);
	(void)close(end);
}

static void
test_one_that_cannot_be_ended(void **state)
{
	struct stand *s = *state;
	struct trouble t;
	struct measurement m;

	begin(s, 0);
	say(s, STARTER_STUCK, ordered(s).number, -1);
	assert_int_equal(taken(s, 0, &m, &t), ERR_BUSY);
}

static void
test_messages_about_what_was_given_up_are_about_nothing(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;
	int end;

	begin(s, 0);
	end = live(s, frames, 1);
	measurer_drop(s->measurer, 0);
	assert_false(measurer_has(s->measurer, 0));
	assert_int_equal(ordered(s).what, STARTER_END);
	begin(s, 0);
	say(s, STARTER_ENDED, 1, -1);
	(void)close(end);
	end = live(s, frames, 2);
	assert_int_equal(taken(s, 0, &m, &t), ERR_OK);
	(void)close(end);
}

static void
test_what_cannot_be_kept_ends_the_answer(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	s->sink = ERR_IO;
	assert_int_equal(measure(s, frames, COUNT(frames), &m, &t), ERR_IO);
	assert_int_equal(ordered(s).what, STARTER_END);
}

static void
test_without_the_starter_nobody_is_waited_for(void **state)
{
	struct stand *s = *state;
	struct trouble t;
	struct measurement m;

	begin(s, 0);
	(void)close(s->starter);
	s->starter = -1;
	assert_int_equal(taken(s, 0, &m, &t), ERR_TRUNCATED);
	assert_true(measurer_is_gone(s->measurer));
	begin(s, 1);
	assert_int_equal(taken(s, 1, &m, &t), ERR_TRUNCATED);
}

/* --- the measuring process ----------------------------------------------------------------------
 */

/* What it says of a workload, with the rights that one has that was not started by a starter. */
static void
test_a_measuring_process_says_why_not_and_ends(void **state)
{
	const struct measuring_given unwatched = {.instance = -1, .listeners = -1, .pages = -1};
	struct stand *s = *state;
	struct filehash *hash = filehash_new();
	struct exchange_frame f;
	struct buf said = BUF_INIT;
	int pair[2], status;
	size_t used;
	ssize_t got;
	pid_t child;

	s->workloads[0].executable = "/nowhere";
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if ((child = fork()) == 0) {
		(void)close(pair[0]);
		_exit(measuring_run(pair[1], &unwatched, &s->workloads[0], hash, NULL));
	}
	(void)close(pair[1]);
	do {
		uint8_t *room = buf_reserve(&said, 4096);

		assert_non_null(room);
		got = read(pair[0], room, 4096);
		said.size += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	(void)close(pair[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(exchange_next(buf_view(&said), &f, &used), ERR_OK);
	assert_int_equal(f.type, EXCHANGE_TROUBLE);
	assert_int_equal(f.code, ERR_NOT_FOUND);
	assert_int_equal(used, said.size);
	buf_free(&said);
	filehash_free(&hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(another_configuration_measures_nothing),
	    TEST(an_end_costs_one_workload),
	    TEST(an_end_that_nobody_tells),
	    TEST(one_that_says_nothing_is_over_its_budget_and_holds_up_no_other),
	    TEST(time_that_we_take_is_not_its),
	    TEST(one_that_cannot_be_ended),
	    TEST(messages_about_what_was_given_up_are_about_nothing),
	    TEST(what_cannot_be_kept_ends_the_answer),
	    TEST(without_the_starter_nobody_is_waited_for),
	    TEST(a_measuring_process_says_why_not_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a measuring process may say, and what of it is believed. */
#include "tests/unit/measurer_fixture.h"

static void
test_an_answer(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {
	    {.type = EXCHANGE_SEGMENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(SEGMENT)},
	    COMPONENT, MISSING(COMPONENT_EXECUTABLE), COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	assert_int_equal(measure(s, frames, COUNT(frames), &m, &t), ERR_OK);
	assert_int_equal(s->segments, 1);
	assert_int_equal(s->components, 2);
	assert_int_equal(s->missing, 1);
	assert_int_equal(m.pid, 42);
	assert_int_equal(m.time_ms, 1000);
	assert_int_equal(m.boot_id[0], 1);
	assert_true(m.component[COMPONENT_EXECUTABLE].present);
	assert_true(digest_equal(&m.component[COMPONENT_EXECUTABLE].digest, &s->newest));
	assert_int_equal(m.component[COMPONENT_EXECUTABLE].size, sizeof(PLAIN) - 1);
	assert_int_equal(m.component[COMPONENT_EXECUTABLE].count, 1);
	assert_false(m.component[COMPONENT_HOST].present);
	assert_int_equal(ordered(s).what, 0);
	assert_false(measurer_holds_bytes(s->measurer));
}

static void
test_what_is_not_measured_is_told(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {
	    {.type = EXCHANGE_TROUBLE, .code = ERR_NOT_FOUND, .words = BYTES("no process")}};
	const uint8_t none[BOOT_ID_SIZE] = {0};
	struct trouble t;
	struct measurement m;

	assert_int_equal(measure(s, frames, COUNT(frames), &m, &t), ERR_NOT_FOUND);
	assert_string_equal(t.text, "no process");
	assert_memory_not_equal(m.boot_id, none, BOOT_ID_SIZE);
	assert_int_equal(ordered(s).what, 0);
}

/* Its process is ended; the next one is listened to. */
static void
refuse(struct stand *s, const struct exchange_frame *frames, size_t count)
{
	const struct exchange_frame good[] = {COMPONENT, MEASURED};
	struct starter_order order;
	struct trouble t;
	struct measurement m;

	assert_int_equal(measure(s, frames, count, &m, &t), ERR_TRUNCATED);
	assert_string_equal(t.text, "the measuring process said what is no answer");
	order = ordered(s);
	assert_int_equal(order.what, STARTER_END);
	say(s, STARTER_ENDED, order.number, -1);
	assert_int_equal(measure(s, good, COUNT(good), &m, &t), ERR_OK);
}

#define REFUSED_TEST(name, ...)                                                                    \
	static void test_refused_##name(void **state)                                              \
	{                                                                                          \
		struct stand *s = *state;                                                          \
		const struct exchange_frame frames[] = {__VA_ARGS__};                              \
                                                                                                   \
		refuse(s, frames, COUNT(frames));                                                  \
	}
REFUSED_TEST(measured_what_never_came, MEASURED)
REFUSED_TEST(a_kind_that_nobody_asked_for,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_HOST, .bytes = BYTES(OF_HOST)}, MEASURED)
REFUSED_TEST(a_missing_kind_that_nobody_asked_for, MISSING(COMPONENT_HOST), MEASURED)
REFUSED_TEST(a_component_of_another_kind,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(OF_HOST)}, MEASURED)
REFUSED_TEST(what_is_no_component,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES("junk")}, MEASURED)
REFUSED_TEST(a_segment_as_component,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(SEGMENT)}, MEASURED)
REFUSED_TEST(a_component_as_segment,
    {.type = EXCHANGE_SEGMENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(PLAIN)}, MEASURED)
/* A measurement of one component with such a count of files. */
#define COUNTED(...)                                                                               \
	COMPONENT,                                                                                 \
	{                                                                                          \
		.type = EXCHANGE_MEASURED, .pid = 42, .time_ms = 1000, .boot_id = {1},             \
		.measured = {[COMPONENT_EXECUTABLE] = {true, 1}}, __VA_ARGS__                      \
	}
REFUSED_TEST(more_files_known_than_there_are, COUNTED(.content = {1, 2, 900}))
REFUSED_TEST(more_files_than_can_be, COUNTED(.content = {1ULL << 53, 2, 900}))
REFUSED_TEST(a_reading_of_a_far_future, COUNTED(.content = {2, 2, BUNDLE_CACHED_OLDEST_MAX + 1}))
REFUSED_TEST(more_time_than_can_be_spent, COUNTED(.spent_us = EXCHANGE_SPENT_US_MAX + 1))

static void
test_what_follows_an_answer_is_not_heard(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {COMPONENT, MEASURED, COMPONENT};
	struct trouble t;
	struct measurement m;

	assert_int_equal(measure(s, frames, COUNT(frames), &m, &t), ERR_OK);
	assert_int_equal(s->components, 1);
}

static void
test_refused_components_without_end(void **state)
{
	struct exchange_frame frames[JOB_KINDS_MAX + 2];
	struct stand *s = *state;

	for (size_t i = 0; i < COUNT(frames) - 1; i++)
		frames[i] = i % 2 == 0 ? (struct exchange_frame)COMPONENT
				       : (struct exchange_frame)MISSING(COMPONENT_EXECUTABLE);
	frames[COUNT(frames) - 1] = (struct exchange_frame)MEASURED;
	refuse(s, frames, COUNT(frames));
	assert_true(s->components + s->missing <= JOB_KINDS_MAX + 1);
}

/* For people, and of the process that is there; it is no part of the answer. */
static void
test_how_far_it_is(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {
	    {.type = EXCHANGE_PROGRESS, .files = 1, .read_bytes = 2},
	    {.type = EXCHANGE_PROGRESS, .files = 3, .read_bytes = EXCHANGE_PROGRESS_MAX}};
	struct measurer_progress p = {7, 7};
	int end;

	begin(s, 0);
	assert_false(measurer_has_told(s->measurer, 0, &p));
	end = live(s, frames, COUNT(frames));
	while (!measurer_has_told(s->measurer, 0, &p))
		assert_true(measurer_listen(s->measurer, NULL, 60000, INTERRUPT_STOP) >= 0);
	assert_int_equal(p.files, 3);
	assert_int_equal(p.bytes, EXCHANGE_PROGRESS_MAX);
	assert_false(measurer_has_told(s->measurer, 1, &p));
	assert_false(measurer_has_told(s->measurer, WORKLOADS, &p));
	assert_false(measurer_has_answer(s->measurer, 0));
	assert_false(measurer_holds_bytes(s->measurer));
	measurer_drop(s->measurer, 0);
	assert_false(measurer_has_told(s->measurer, 0, &p));
	(void)close(end);
}

REFUSED_TEST(
    more_files_read_than_can_be, {.type = EXCHANGE_PROGRESS, .files = EXCHANGE_PROGRESS_MAX + 1})
REFUSED_TEST(more_bytes_read_than_can_be,
    {.type = EXCHANGE_PROGRESS, .read_bytes = EXCHANGE_PROGRESS_MAX + 1})

/* It speaks from a process of its own: a socket has no room for all of it. */
static void
test_refused_progress_without_end(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame f = {.type = EXCHANGE_PROGRESS, .files = 1};
	struct buf bytes = BUF_INIT;
	struct trouble t;
	struct measurement m;
	int end, status;
	pid_t child;

	for (size_t i = 0; i <= JOB_PROGRESS_MAX; i++)
		exchange_write(&bytes, &f);
	begin(s, 0);
	end = live(s, NULL, 0);
	if ((child = fork()) == 0) {
		for (size_t at = 0; at < bytes.size;) {
			const ssize_t put = write(end, bytes.data + at, bytes.size - at);

			if (put < 0)
				_exit(1);
			at += (size_t)put;
		}
		_exit(0);
	}
	assert_int_equal(taken(s, 0, &m, &t), ERR_TRUNCATED);
	assert_string_equal(t.text, "the measuring process said what is no answer");
	assert_int_equal(ordered(s).what, STARTER_END);
	(void)close(end);
	assert_int_equal(waitpid(child, &status, 0), child);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_answer),
	    TEST(what_is_not_measured_is_told),
	    TEST(refused_measured_what_never_came),
	    TEST(refused_a_kind_that_nobody_asked_for),
	    TEST(refused_a_missing_kind_that_nobody_asked_for),
	    TEST(refused_a_component_of_another_kind),
	    TEST(refused_what_is_no_component),
	    TEST(refused_a_segment_as_component),
	    TEST(refused_a_component_as_segment),
	    TEST(refused_more_files_known_than_there_are),
	    TEST(refused_more_files_than_can_be),
	    TEST(refused_a_reading_of_a_far_future),
	    TEST(refused_more_time_than_can_be_spent),
	    TEST(refused_components_without_end),
	    TEST(how_far_it_is),
	    TEST(refused_more_files_read_than_can_be),
	    TEST(refused_more_bytes_read_than_can_be),
	    TEST(refused_progress_without_end),
	    TEST(what_follows_an_answer_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

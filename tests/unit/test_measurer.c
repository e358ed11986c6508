/*
 * The reporting process with a starter and measuring processes that are not what they should be,
 * and a measuring process with what it may not do. The test is the other sides: what they say is in
 * the sockets before it is listened to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/processes/exchange.h"
#include "collector/processes/job.h"
#include "collector/processes/measurer.h"
#include "collector/processes/measuring.h"
#include "collector/processes/starter.h"

#define WORKLOADS 3

struct stand {
	struct measurer *measurer;
	int starter; /* its end */
	struct collector_workload workloads[WORKLOADS];
	struct collector_config config;
	unsigned components, segments, missing; /* that came out */
	struct digest newest;
	enum err sink;
};

static enum err
take(void *context, enum component_kind kind, struct view bytes, const struct digest *digest,
    struct trouble *t)
{
	struct stand *s = context;
	struct digest own;

	(void)t;
	digest_of(bytes.data, bytes.size, &own);
	assert_true(digest_equal(&own, digest));
	assert_int_equal(kind, COMPONENT_EXECUTABLE);
	s->components++;
	s->newest = *digest;
	return s->sink;
}

static enum err
take_segment(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	(void)kind;
	(void)bytes;
	(void)digest;
	(void)t;
	((struct stand *)context)->segments++;
	return ERR_OK;
}

static void
take_missing(void *context, enum component_kind kind, enum err e, const struct trouble *t)
{
	(void)kind;
	assert_int_not_equal(e, ERR_OK);
	assert_string_equal(t->text, "no right");
	((struct stand *)context)->missing++;
}

static int
make_stand(void **state)
{
	static const char *const names[WORKLOADS] = {"app", "beside", "third"};
	struct stand *s = calloc(1, sizeof(*s));
	int pair[2];

	assert_non_null(s);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(measurer_new(pair[0], &s->measurer), ERR_OK);
	s->starter = pair[1];
	for (size_t i = 0; i < WORKLOADS; i++) {
		s->workloads[i].name = names[i];
		s->workloads[i].measure[COMPONENT_EXECUTABLE] = true;
		s->workloads[i].budgets = (struct collector_budgets){60, 1, 0, 64, 1, 2};
	}
	s->config.workload_count = WORKLOADS;
	s->config.workloads = s->workloads;
	memset(&s->config.source, 7, sizeof(s->config.source));
	*state = s;
	return 0;
}

static int
free_stand(void **state)
{
	struct stand *s = *state;

	measurer_free(&s->measurer);
	if (s->starter >= 0)
		(void)close(s->starter);
	free(s);
	return 0;
}

static void
begin(struct stand *s, size_t workload)
{
	const struct measure_output to = {take, take_segment, take_missing, s};

	assert_false(measurer_has(s->measurer, workload));
	assert_int_equal(measurer_begin(s->measurer, &s->config, workload, &to), ERR_OK);
	assert_true(measurer_has(s->measurer, workload));
}

/* The next order; `what` 0: there is none. */
static struct starter_order
ordered(const struct stand *s)
{
	struct starter_order order = {0};

	(void)recv(s->starter, &order, sizeof(order), MSG_DONTWAIT);
	return order;
}

static void
say(const struct stand *s, enum starter_event event, uint32_t number, int fd)
{
	const struct starter_message m = {event, number, s->config.source, {"killed"}, 5000};
	struct iovec part = {(void *)(uintptr_t)&m, sizeof(m)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} with;

	memset(&with, 0, sizeof(with));
	if (fd >= 0) {
		message.msg_control = &with;
		message.msg_controllen = sizeof(with.room);
		with.header.cmsg_level = SOL_SOCKET;
		with.header.cmsg_type = SCM_RIGHTS;
		with.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&with.header), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(s->starter, &message, 0), sizeof(m));
}

/* A process for the newest order, that says these frames; its end of the channel. */
static int
live(const struct stand *s, const struct exchange_frame *frames, size_t count)
{
	const struct starter_order order = ordered(s);
	struct buf bytes = BUF_INIT;
	int pair[2];

	assert_int_equal(order.what, STARTER_MEASURE);
	for (size_t i = 0; i < count; i++) {
		exchange_write(&bytes, &frames[i]);
		buf_append_view(&bytes, frames[i].bytes);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if (bytes.size > 0)
		assert_int_equal(write(pair[1], bytes.data, bytes.size), bytes.size);
	buf_free(&bytes);
	say(s, STARTER_MEASURING, order.number, pair[0]);
	(void)close(pair[0]);
	return pair[1];
}

static enum err
taken(struct stand *s, size_t workload, struct measurement *m, struct trouble *t)
{
	enum err e;

	assert_int_equal(measurer_wait(s->measurer, workload), ERR_OK);
	e = measurer_take(s->measurer, workload, m, t);
	assert_false(measurer_has(s->measurer, workload));
	assert_int_not_equal(m->time_ms, 0);
	return e;
}

/* What comes of a process that says these frames, and stays. */
static enum err
measure(struct stand *s, const struct exchange_frame *frames, size_t count, struct measurement *m,
    struct trouble *t)
{
	enum err e;
	int end;

	begin(s, 0);
	end = live(s, frames, count);
	e = taken(s, 0, m, t);
	(void)close(end);
	return e;
}

/* [ "executable", form, ... ] : as far as the kind and the form are looked at. */
#define PLAIN                                                                                      \
	"\x94\xaa"                                                                                 \
	"executable"                                                                               \
	"\x01\x90\x90"
#define SEGMENT                                                                                    \
	"\x93\xaa"                                                                                 \
	"executable"                                                                               \
	"\x03\x90"
#define OF_HOST                                                                                    \
	"\x94\xa4"                                                                                 \
	"host"                                                                                     \
	"\x01\x90\x90"

#define BYTES(text) ((struct view){(const uint8_t *)(text), sizeof(text) - 1})
#define COMPONENT                                                                                  \
	{                                                                                          \
		.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(PLAIN)    \
	}
#define MISSING(of)                                                                                \
	{                                                                                          \
		.type = EXCHANGE_MISSING, .kind = of, .code = ERR_IO, .words = BYTES("no right")   \
	}
#define MEASURED                                                                                   \
	{                                                                                          \
		.type = EXCHANGE_MEASURED, .pid = 42, .time_ms = 1000, .boot_id = {1},             \
		.measured = {                                                                      \
			[COMPONENT_EXECUTABLE] = {true, 1}                                         \
		}                                                                                  \
	}
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

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
	const struct measuring_given unwatched = {-1, false, -1, false};
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

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_stand, free_stand)

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

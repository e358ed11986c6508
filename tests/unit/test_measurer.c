/*
 * The reporting process with a measuring one that is not what it should be, and the measuring one
 * with such a reporter. What the other side will say is in the sockets before it is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/processes/exchange.h"
#include "collector/processes/measurer.h"
#include "collector/processes/measuring.h"
#include "collector/processes/starter.h"

struct stand {
	struct measurer *measurer;
	int starter; /* its end */
	pid_t child[4];
	unsigned lives;
	size_t unasked; /* frames that a process says before it is asked */
	bool ends;      /* when it has said all */
	struct collector_workload workload;
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

static void
end(pid_t child)
{
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static int
make_stand(void **state)
{
	struct stand *s = calloc(1, sizeof(*s));
	int pair[2];

	assert_non_null(s);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(measurer_new(pair[0], &s->measurer), ERR_OK);
	s->starter = pair[1];
	s->unasked = 1;
	s->workload.name = "app";
	s->workload.measure[COMPONENT_EXECUTABLE] = true;
	s->config.workload_count = 1;
	s->config.workloads = &s->workload;
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
	for (unsigned i = 0; i < s->lives; i++)
		end(s->child[i]);
	free(s);
	return 0;
}

static void
say(struct stand *s, enum starter_event event, uint32_t heard, int fd)
{
	const struct starter_message m = {event, heard, {"killed"}};
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

static void
write_frames(int to, const struct exchange_frame *frames, size_t count)
{
	struct buf bytes = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		exchange_write(&bytes, &frames[i]);
		buf_append_view(&bytes, frames[i].bytes);
	}
	if (bytes.size > 0 && write(to, bytes.data, bytes.size) != (ssize_t)bytes.size)
		_exit(1);
	buf_free(&bytes);
}

/*
 * A measuring process, after `heard` requests for another one: says the first frames, the others
 * when it is asked for workload 0.
 */
static void
live(struct stand *s, uint32_t heard, const struct exchange_frame *frames, size_t count)
{
	uint8_t request[EXCHANGE_REQUEST_SIZE];
	int pair[2];
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(pair[0]);
		write_frames(pair[1], frames, s->unasked);
		if (read(pair[1], request, sizeof(request)) != sizeof(request) ||
		    be32_get(request) != 0)
			_exit(1);
		write_frames(pair[1], frames + s->unasked, count - s->unasked);
		if (!s->ends)
			(void)pause();
		say(s, STARTER_ENDED, heard, -1);
		_exit(0);
	}
	(void)close(pair[1]);
	say(s, STARTER_MEASURER, heard, pair[0]);
	(void)close(pair[0]);
	s->child[s->lives++] = child;
}

static enum err
measure(struct stand *s, struct measurement *m, struct trouble *t)
{
	const struct measure_output to = {take, take_segment, take_missing, s};

	t->text[0] = '\0';
	return measurer_measure(s->measurer, &s->config, 0, &to, m, t);
}

/* How many requests have come, and that all were for another process. */
static unsigned
requests(const struct stand *s)
{
	unsigned count = 0;
	uint32_t request;

	for (; recv(s->starter, &request, sizeof(request), MSG_DONTWAIT) == sizeof(request);
	     count++)
		assert_int_equal(request, STARTER_ANOTHER);
	return count;
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
#define HELLO                                                                                      \
	{                                                                                          \
		.type = EXCHANGE_HELLO, .configuration = s->config.source, .workloads = 1          \
	}
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
	const struct exchange_frame frames[] = {HELLO,
	    {.type = EXCHANGE_SEGMENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(SEGMENT)},
	    COMPONENT, MISSING(COMPONENT_EXECUTABLE), COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	live(s, 0, frames, COUNT(frames));
	assert_int_equal(measure(s, &m, &t), ERR_OK);
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
	assert_int_equal(requests(s), 0);
}

static void
test_what_is_not_measured_is_told_and_the_process_stays(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {
	    HELLO, {.type = EXCHANGE_TROUBLE, .code = ERR_NOT_FOUND, .words = BYTES("no process")}};
	struct trouble t;
	struct measurement m;

	live(s, 0, frames, COUNT(frames));
	assert_int_equal(measure(s, &m, &t), ERR_NOT_FOUND);
	assert_string_equal(t.text, "no process");
	assert_int_equal(requests(s), 0);
}

/* Refused with ERR_FORMAT; the process is to be replaced, and one by name of the old is not taken.
 */
static void
refuse(struct stand *s, const struct exchange_frame *frames, size_t count)
{
	const struct exchange_frame good[] = {HELLO, COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	live(s, 0, frames, count);
	assert_int_equal(measure(s, &m, &t), ERR_FORMAT);
	assert_non_null(strstr(t.text, "the measuring process "));
	assert_int_equal(requests(s), 1);
	say(s, STARTER_ENDED, 0, -1);
	live(s, 0, frames, count);
	live(s, 1, good, COUNT(good));
	assert_int_equal(measure(s, &m, &t), ERR_OK);
	assert_int_equal(requests(s), 0);
}

#define REFUSED_TEST(name, ...)                                                                    \
	static void test_refused_##name(void **state)                                              \
	{                                                                                          \
		struct stand *s = *state;                                                          \
		const struct exchange_frame frames[] = {__VA_ARGS__};                              \
                                                                                                   \
		refuse(s, frames, COUNT(frames));                                                  \
	}
REFUSED_TEST(no_hello, MEASURED)
REFUSED_TEST(measured_what_never_came, HELLO, MEASURED)
REFUSED_TEST(a_second_hello, HELLO, COMPONENT, HELLO, MEASURED)
REFUSED_TEST(a_kind_that_nobody_asked_for, HELLO,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_HOST, .bytes = BYTES(OF_HOST)}, MEASURED)
REFUSED_TEST(a_missing_kind_that_nobody_asked_for, HELLO, MISSING(COMPONENT_HOST), MEASURED)
REFUSED_TEST(a_component_of_another_kind, HELLO,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(OF_HOST)}, MEASURED)
REFUSED_TEST(what_is_no_component, HELLO,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES("junk")}, MEASURED)
REFUSED_TEST(a_segment_as_component, HELLO,
    {.type = EXCHANGE_COMPONENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(SEGMENT)}, MEASURED)
REFUSED_TEST(a_component_as_segment, HELLO,
    {.type = EXCHANGE_SEGMENT, .kind = COMPONENT_EXECUTABLE, .bytes = BYTES(PLAIN)}, MEASURED)
REFUSED_TEST(what_follows_the_answer, HELLO, COMPONENT, MEASURED, COMPONENT)

static void
test_refused_an_answer_before_it_is_asked(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {HELLO, COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	s->unasked = COUNT(frames);
	live(s, 0, frames, COUNT(frames));
	assert_int_equal(measure(s, &m, &t), ERR_FORMAT);
	assert_int_equal(requests(s), 1);
	assert_int_equal(s->components, 0);
}

static void
test_refused_components_without_end(void **state)
{
	struct exchange_frame frames[MEASURER_KINDS_MAX + 3];
	struct stand *s = *state;

	frames[0] = (struct exchange_frame)HELLO;
	for (size_t i = 1; i < COUNT(frames) - 1; i++)
		frames[i] = i % 2 == 0 ? (struct exchange_frame)COMPONENT
				       : (struct exchange_frame)MISSING(COMPONENT_EXECUTABLE);
	frames[COUNT(frames) - 1] = (struct exchange_frame)MEASURED;
	refuse(s, frames, COUNT(frames));
	assert_true(s->components + s->missing <= MEASURER_KINDS_MAX + 1);
}

static void
test_another_configuration_measures_nothing(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame none[] = {
	    {.type = EXCHANGE_HELLO, .configuration = s->config.source, .workloads = 0}};
	const struct exchange_frame other[] = {{.type = EXCHANGE_HELLO, .workloads = 1}};
	struct trouble t;
	struct measurement m;

	live(s, 0, other, 1);
	assert_int_equal(measure(s, &m, &t), ERR_MISMATCH);
	live(s, 0, none, 1);
	assert_int_equal(measure(s, &m, &t), ERR_MISMATCH);
	assert_int_equal(s->components, 0);
}

static void
test_one_that_cannot_begin_says_why(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {
	    {.type = EXCHANGE_TROUBLE, .code = ERR_IO, .words = BYTES("no filter")}};
	struct trouble t;
	struct measurement m;

	live(s, 0, frames, 1);
	assert_int_equal(measure(s, &m, &t), ERR_IO);
	assert_string_equal(t.text, "no filter");
	assert_int_equal(requests(s), 1);
}

static void
test_an_end_costs_one_workload(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {HELLO, COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	s->ends = true;
	live(s, 0, frames, 2);
	assert_int_equal(measure(s, &m, &t), ERR_TRUNCATED);
	assert_non_null(strstr(t.text, "ended while it measured"));
	live(s, 0, frames, 3);
	assert_int_equal(measure(s, &m, &t), ERR_OK);
	assert_int_equal(requests(s), 0);
}

static void
test_an_end_while_there_is_nothing_to_do_costs_none(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {HELLO, COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	live(s, 0, frames, 3);
	assert_int_equal(measure(s, &m, &t), ERR_OK);
	end(s->child[--s->lives]);
	live(s, 0, frames, 3);
	assert_int_equal(measure(s, &m, &t), ERR_OK);
	assert_int_equal(s->components, 2);
}

static void
test_what_cannot_be_kept_ends_the_answer(void **state)
{
	struct stand *s = *state;
	const struct exchange_frame frames[] = {HELLO, COMPONENT, MEASURED};
	struct trouble t;
	struct measurement m;

	s->sink = ERR_IO;
	live(s, 0, frames, 3);
	assert_int_equal(measure(s, &m, &t), ERR_IO);
	assert_int_equal(requests(s), 1);
}

static void
test_without_the_starter_nobody_is_waited_for(void **state)
{
	struct stand *s = *state;
	const uint64_t begun_ms = interrupt_clock_ms();
	struct trouble t;
	struct measurement m;

	(void)close(s->starter);
	s->starter = -1;
	assert_int_equal(measure(s, &m, &t), ERR_TRUNCATED);
	assert_true(measurer_is_gone(s->measurer));
	assert_true(interrupt_clock_ms() - begun_ms < MEASURER_WAIT_MS);
}

/* --- the measuring process, with a hostile reporter ---------------------------------------------
 */

/* Its exit status after `request` and the end of the channel. */
static int
serve(const struct collector_config *config, const void *request, size_t size, struct buf *said)
{
	uint8_t *room;
	int pair[2], status;
	ssize_t got;
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if ((child = fork()) == 0) {
		(void)close(pair[0]);
		_exit(measuring_serve(pair[1], config));
	}
	(void)close(pair[1]);
	assert_int_equal(write(pair[0], request, size), size);
	(void)shutdown(pair[0], SHUT_WR);
	do {
		room = buf_reserve(said, 4096);
		assert_non_null(room);
		got = read(pair[0], room, 4096);
		said->size += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	(void)close(pair[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_a_reporter_can_name_nothing_but_workloads(void **state)
{
	static const uint8_t requests_[][4] = {{0, 0, 0, 1}, {0, 0, 1, 0}, {255, 255, 255, 255}};
	struct stand *s = *state;
	struct exchange_frame f;
	struct buf said = BUF_INIT;
	size_t used;

	s->workload.executable = "/nowhere";
	for (size_t i = 0; i < COUNT(requests_); i++) {
		buf_clear(&said);
		assert_int_equal(serve(&s->config, requests_[i], 4, &said), 1);
		assert_int_equal(exchange_next(buf_view(&said), &f, &used), ERR_OK);
		assert_int_equal(f.type, EXCHANGE_HELLO);
		assert_int_equal(used, said.size);
	}
	buf_clear(&said);
	assert_int_equal(serve(&s->config, "\0\0\0", 3, &said), 0);
	assert_int_equal(exchange_next(buf_view(&said), &f, &used), ERR_OK);
	assert_int_equal(used, said.size);
	buf_clear(&said);
	assert_int_equal(serve(&s->config, "\0\0\0\0", 4, &said), 0);
	assert_int_equal(exchange_next(buf_view(&said), &f, &used), ERR_OK);
	assert_true(digest_equal(&f.configuration, &s->config.source));
	buf_consume(&said, used);
	assert_int_equal(exchange_next(buf_view(&said), &f, &used), ERR_OK);
	assert_int_equal(f.type, EXCHANGE_TROUBLE);
	assert_int_equal(f.code, ERR_NOT_FOUND);
	buf_free(&said);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_stand, free_stand)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_answer),
	    TEST(what_is_not_measured_is_told_and_the_process_stays),
	    TEST(refused_no_hello),
	    TEST(refused_an_answer_before_it_is_asked),
	    TEST(refused_measured_what_never_came),
	    TEST(refused_a_second_hello),
	    TEST(refused_a_kind_that_nobody_asked_for),
	    TEST(refused_a_missing_kind_that_nobody_asked_for),
	    TEST(refused_a_component_of_another_kind),
	    TEST(refused_what_is_no_component),
	    TEST(refused_a_segment_as_component),
	    TEST(refused_a_component_as_segment),
	    TEST(refused_what_follows_the_answer),
	    TEST(refused_components_without_end),
	    TEST(another_configuration_measures_nothing),
	    TEST(one_that_cannot_begin_says_why),
	    TEST(an_end_costs_one_workload),
	    TEST(an_end_while_there_is_nothing_to_do_costs_none),
	    TEST(what_cannot_be_kept_ends_the_answer),
	    TEST(without_the_starter_nobody_is_waited_for),
	    TEST(a_reporter_can_name_nothing_but_workloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

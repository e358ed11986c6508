/*
 * The reporting process with a starter and measuring processes that are the test: what they say is
 * in the sockets before it is listened to.
 */
#ifndef HALLMARK_TESTS_UNIT_MEASURER_FIXTURE_H
#define HALLMARK_TESTS_UNIT_MEASURER_FIXTURE_H

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

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_stand, free_stand)

#endif

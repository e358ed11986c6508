/*
 * What a web server is measured by: POST requests of 1 KB over the same kind of connection, as many
 * under way on each as the signer has workloads, each answered before the next one follows. With a
 * rate, requests are sent when they are due (pace.h), over the connections in turn. With --once
 * every request has a connection of its own: what the web server's handshakes cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/fail.h"
#include "tests/bench/load/histogram.h"
#include "tests/bench/load/link.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/pace.h"
#include "tests/bench/load/usage.h"

#define ALPN       "\x08http/1.1"
#define BODY_SIZE  1024   /* bytes */
#define WAIT_US    100000 /* for whatever comes; nothing is decided by it */
#define HEADER_END "\r\n\r\n"

/* When what is under way on a link was due, oldest first, as answers come: a ring. */
struct line {
	uint64_t *due_us; /* o->workloads of them */
	unsigned first, count;
};

struct http {
	const struct options *o;
	struct links links;
	struct line *line; /* of each link */
	unsigned turn;     /* of which link it is */
	unsigned opened;
	struct pace pace; /* with a rate, once all are open */
	struct histogram latency;
	struct buf request;
	size_t answer_size; /* bytes of one answer, headers and all; 0: none has come yet */
	uint64_t answers, failed;
};

static void make_lines(struct http *h);
static void make_request(struct http *h);
static void run_until(struct http *h, uint64_t end_us);
static void send_due(struct http *h);
static struct line *next_free(struct http *h, struct link **link);
static void answered(struct http *h, struct link *l);
static void on_opened(void *context, struct link *l);
static size_t on_received(void *context, struct link *l, struct view bytes);
static void on_ended(void *context, struct link *l);
static size_t answer_size(struct view bytes);

int
http_run(const struct options *o)
{
	static struct http h;
	struct usage from, to;

	h.o = o;
	links_init(&h.links, o, ALPN);
	h.links.events = (struct link_events){on_opened, on_received, on_ended};
	h.links.context = &h;
	make_lines(&h);
	make_request(&h);
	for (unsigned i = 0; i < o->connections; i++)
		link_open(&h.links.link[i]);
	run_until(&h, clock_us() + o->warm_ms * 1000ULL);
	h.answers = 0;
	histogram_clear(&h.latency);
	usage_read(o, &from);
	run_until(&h, from.at_us + o->seconds * 1000000ULL);
	usage_read(o, &to);
	printf("{\"answers\":%llu,\"failed\":%llu,\"answer_bytes\":%zu,\"per_second\":%.1f,",
	    (unsigned long long)h.answers, (unsigned long long)h.failed, h.answer_size,
	    (double)h.answers * 1e6 / (double)(to.at_us - from.at_us));
	if (o->rate > 0)
		histogram_print(&h.latency);
	usage_print(o, &from, &to);
	printf("}\n");
	links_close(&h.links);
	return h.failed == 0 && h.answers > 0 ? 0 : 1;
}

static void
make_lines(struct http *h)
{
	h->line = calloc(h->o->connections, sizeof(*h->line));
	for (unsigned i = 0; h->line != NULL && i < h->o->connections; i++)
		if ((h->line[i].due_us = calloc(h->o->workloads, sizeof(uint64_t))) == NULL)
			fail("memory");
	if (h->line == NULL)
		fail("memory");
}

static void
make_request(struct http *h)
{
	buf_append_format(&h->request,
	    "POST /report HTTP/1.1\r\nHost: signer.test\r\nContent-Length: %d\r\n\r\n", BODY_SIZE);
	for (unsigned i = 0; i < BODY_SIZE; i++)
		buf_append_byte(&h->request, 'x');
	if (buf_status(&h->request) != ERR_OK)
		fail("memory");
}

static void
run_until(struct http *h, uint64_t end_us)
{
	while (clock_us() < end_us) {
		bool waits = h->pace.rate > 0;

		if (waits) {
			send_due(h);
			waits = next_free(h, &(struct link *){NULL}) != NULL;
		}
		links_turn(&h->links, waits ? pace_wait_us(&h->pace, clock_us()) : WAIT_US);
	}
}

/* As far as there are links with room. */
static void
send_due(struct http *h)
{
	uint64_t now = clock_us(), due;
	struct link *link;
	struct line *line;

	if (!pace_is_ready(&h->pace, now))
		return;
	while ((line = next_free(h, &link)) != NULL && pace_take(&h->pace, now, &due)) {
		line->due_us[(line->first + line->count++) % h->o->workloads] = due;
		h->turn = link->number + 1;
		buf_append_view(&link->out, buf_view(&h->request));
		link_wake(link);
	}
}

static struct line *
next_free(struct http *h, struct link **link)
{
	for (unsigned i = 0; i < h->o->connections; i++) {
		unsigned number = (h->turn + i) % h->o->connections;

		*link = &h->links.link[number];
		if (h->line[number].count < h->o->workloads)
			return &h->line[number];
	}
	return NULL;
}

static void
on_opened(void *context, struct link *l)
{
	struct http *h = context;

	if (h->o->rate > 0) {
		if (++h->opened == h->o->connections)
			pace_begin(&h->pace, h->o->rate, clock_us());
		return;
	}
	for (unsigned i = 0; i < (h->o->once ? 1 : h->o->workloads); i++)
		buf_append_view(&l->out, buf_view(&h->request));
	link_wake(l);
}

/* All answers are alike but for the date, so the first one's size is everybody's. */
static size_t
on_received(void *context, struct link *l, struct view bytes)
{
	static const char good[] = "HTTP/1.1 200 ";
	struct http *h = context;
	size_t taken = 0;

	if (h->answer_size == 0 && (h->answer_size = answer_size(bytes)) == 0)
		return 0;
	while (bytes.size - taken >= h->answer_size) {
		if (memcmp(bytes.data + taken, good, sizeof(good) - 1) != 0)
			fail("an answer other than 200");
		taken += h->answer_size;
		h->answers++;
		if (h->o->once) {
			link_close(l);
			link_open(l);
			return taken;
		}
		answered(h, l);
	}
	if (taken > 0)
		link_wake(l);
	return taken;
}

static void
answered(struct http *h, struct link *l)
{
	struct line *line = &h->line[l->number];

	if (h->o->rate == 0) {
		buf_append_view(&l->out, buf_view(&h->request));
		return;
	}
	histogram_add(&h->latency, clock_us() - line->due_us[line->first]);
	line->first = (line->first + 1) % h->o->workloads;
	line->count--;
}

static void
on_ended(void *context, struct link *l)
{
	struct http *h = context;

	if (h->failed++ == 0)
		fprintf(stderr, "load: the server ended connection %u\n", l->number);
}

static size_t
answer_size(struct view bytes)
{
	static const char field[] = "Content-Length: ";
	const uint8_t *end = memmem(bytes.data, bytes.size, HEADER_END, sizeof(HEADER_END) - 1);
	const uint8_t *length = memmem(bytes.data, bytes.size, field, sizeof(field) - 1);

	if (end == NULL)
		return 0;
	if (length == NULL || length > end)
		fail("an answer without its length");
	return (size_t)(end - bytes.data) + sizeof(HEADER_END) - 1 +
	       strtoul((const char *)length + sizeof(field) - 1, NULL, 10);
}

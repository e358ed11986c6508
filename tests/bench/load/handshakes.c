/*
 * Connections that do nothing but begin. One counts when the signer's welcome is there: only that
 * shows that it has verified the client's certificate and takes bundles.
 */
#include <stdio.h>
#include <string.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/histogram.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/session.h"
#include "tests/bench/load/usage.h"

#define WAIT_US      100000   /* for whatever comes; nothing is decided by it */
#define STORM_MAX_US 60000000 /* a storm that is not over by then never will be */

struct handshakes {
	const struct options *o;
	struct links links;
	bool again;             /* a connection that was welcomed is made anew */
	uint64_t welcomed;      /* in all */
	uint64_t resumed;       /* of those */
	uint64_t failed;        /* refused or reset before the welcome */
	uint64_t started_us;    /* the storm */
	struct histogram delay; /* from there to each welcome */
};

static void init(struct handshakes *h, const struct options *o);
static void on_opened(void *context, struct link *l);
static size_t on_received(void *context, struct link *l, struct view bytes);
static void on_ended(void *context, struct link *l);
static void on_message(void *context, struct link *l, const struct message *m);

int
handshakes_run(const struct options *o)
{
	static struct handshakes h;
	struct usage from, to;
	uint64_t end_us;

	init(&h, o);
	h.again = true;
	for (unsigned i = 0; i < o->connections; i++)
		link_open(&h.links.link[i]);
	for (end_us = clock_us() + o->warm_ms * 1000ULL; clock_us() < end_us;)
		links_turn(&h.links, WAIT_US);
	h.welcomed = 0;
	h.resumed = 0;
	usage_read(o, &from);
	for (end_us = from.at_us + o->seconds * 1000000ULL; clock_us() < end_us;)
		links_turn(&h.links, WAIT_US);
	usage_read(o, &to);
	printf("{\"welcomed\":%llu,\"resumed\":%llu,\"failed\":%llu,\"per_second\":%.1f,",
	    (unsigned long long)h.welcomed, (unsigned long long)h.resumed,
	    (unsigned long long)h.failed,
	    (double)h.welcomed * 1e6 / (double)(to.at_us - from.at_us));
	usage_print(o, &from, &to);
	printf("}\n");
	h.again = false;
	links_close(&h.links);
	return h.failed == 0 && h.welcomed > 0 && h.resumed == (o->resume ? h.welcomed : 0) ? 0 : 1;
}

int
storm_run(const struct options *o)
{
	static struct handshakes h;
	struct usage from, to;

	init(&h, o);
	usage_read(o, &from);
	h.started_us = from.at_us;
	for (unsigned i = 0; i < o->connections; i++)
		link_open(&h.links.link[i]);
	while (h.welcomed + h.failed < o->connections && clock_us() < h.started_us + STORM_MAX_US)
		links_turn(&h.links, WAIT_US);
	usage_read(o, &to);
	printf("{\"welcomed\":%llu,\"failed\":%llu,\"seconds\":%.3f,\"p50_us\":%llu,"
	       "\"p99_us\":%llu,\"max_us\":%llu,",
	    (unsigned long long)h.welcomed, (unsigned long long)h.failed,
	    (double)(to.at_us - from.at_us) / 1e6,
	    (unsigned long long)histogram_quantile_us(&h.delay, 0.5),
	    (unsigned long long)histogram_quantile_us(&h.delay, 0.99),
	    (unsigned long long)h.delay.max_us);
	usage_print(o, &from, &to);
	printf("}\n");
	links_close(&h.links);
	return h.welcomed == o->connections ? 0 : 1;
}

static void
init(struct handshakes *h, const struct options *o)
{
	h->o = o;
	links_init(&h->links, o, SESSION_ALPN);
	h->links.events = (struct link_events){on_opened, on_received, on_ended};
	h->links.context = h;
}

static void
on_opened(void *context, struct link *l)
{
	(void)context;
	session_greet(l);
}

static size_t
on_received(void *context, struct link *l, struct view bytes)
{
	return session_take(l, bytes, on_message, context);
}

static void
on_message(void *context, struct link *l, const struct message *m)
{
	struct handshakes *h = context;

	if (m->type != MESSAGE_WELCOME) {
		fprintf(stderr, "load: refused: %s\n", err_name(m->body.refusal.code));
		return;
	}
	h->welcomed++;
	if (l->resumed)
		h->resumed++;
	if (h->started_us != 0)
		histogram_add(&h->delay, clock_us() - h->started_us);
	if (h->again) {
		link_close(l);
		link_open(l);
	}
}

static void
on_ended(void *context, struct link *l)
{
	struct handshakes *h = context;

	h->failed++;
	if (h->again)
		link_open(l);
}

/*
 * Connections that are held and do nothing, as those of collectors between two measurements.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/load/fail.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/session.h"

#define OPENING_MAX 64     /* handshakes at once; more gain nothing and time out */
#define WAIT_US     100000 /* until standard input is looked at again */

struct idle {
	const struct options *o;
	struct links links;
	unsigned opened, welcomed, ended;
};

static void open_next(struct idle *h);
static bool input_ended(void);
static void on_opened(void *context, struct link *l);
static size_t on_received(void *context, struct link *l, struct view bytes);
static void on_ended(void *context, struct link *l);
static void on_message(void *context, struct link *l, const struct message *m);

int
idle_run(const struct options *o)
{
	static struct idle h;

	h.o = o;
	links_init(&h.links, o, SESSION_ALPN);
	h.links.events = (struct link_events){on_opened, on_received, on_ended};
	h.links.context = &h;
	for (unsigned i = 0; i < OPENING_MAX; i++)
		open_next(&h);
	while (h.welcomed < o->connections && h.ended == 0)
		links_turn(&h.links, WAIT_US);
	printf("{\"held\":%u}\n", h.welcomed - h.ended);
	fflush(stdout);
	while (!input_ended())
		links_turn(&h.links, WAIT_US);
	printf("{\"ended\":%u}\n", h.ended);
	links_close(&h.links);
	return h.ended == 0 ? 0 : 1;
}

static void
open_next(struct idle *h)
{
	if (h->opened < h->o->connections)
		link_open(&h->links.link[h->opened++]);
}

/* Whoever started us holds the other end, and lets it go when the connections are to go. */
static bool
input_ended(void)
{
	static int epoll = -1;
	struct epoll_event event = {.events = EPOLLIN};

	if (epoll < 0 && ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
			     epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0))
		fail("standard input must be a pipe");
	return epoll_wait(epoll, &event, 1, 0) > 0;
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
	struct idle *h = context;

	if (m->type != MESSAGE_WELCOME) {
		fprintf(stderr, "load: refused: %s\n", err_name(m->body.refusal.code));
		return;
	}
	buf_free(&l->out);
	h->welcomed++;
	open_next(h);
}

static void
on_ended(void *context, struct link *l)
{
	struct idle *h = context;

	(void)l;
	h->ended++;
}

#include "collector/tokens/giving.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/processes/rights.h"
#include "collector/tokens/giver_channel.h"
#include "collector/tokens/shelf.h"

/* The wall clock may be set, and a token is over by that: it is looked at so often at least. */
#define LOOK_MS 1000

struct giving {
	const char *path;
	struct collector_config *config;
	int control;
	struct shelf shelf;
	uint8_t order[GIVER_ORDER_MAX];
};

static void await(struct giving *g);
static void obey(struct giving *g);
static void put(struct giving *g, size_t size);
static void reload(struct giving *g);
static void say(const struct giving *g, enum err e, const struct trouble *why);
static uint64_t wall_s(void);

void
giving_run(const char *path, struct collector_config *config, int control)
{
	struct giving *g = calloc(1, sizeof(*g));
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (g == NULL)
		_exit(1);
	g->path = path;
	g->config = config;
	g->control = control;
	if ((e = rights_give(path, config, &t)) != ERR_OK) {
		say(g, e, &t);
		_exit(1);
	}
	if ((e = shelf_begin(&g->shelf, config, &t)) == ERR_MEMORY)
		_exit(1);
	say(g, e, &t);
	for (;;)
		await(g);
}

static void
await(struct giving *g)
{
	struct pollfd news = {.fd = g->control, .events = POLLIN};
	struct trouble t = TROUBLE_INIT;
	uint64_t next_s;

	say(g, shelf_expire(&g->shelf, wall_s(), &next_s, &t), &t);
	if (poll(&news, 1, next_s == UINT64_MAX ? -1 : LOOK_MS) > 0)
		obey(g);
}

static void
obey(struct giving *g)
{
	const struct giver_order *o = (const struct giver_order *)(const void *)g->order;
	const ssize_t size = recv(g->control, g->order, sizeof(g->order), 0);

	if (size < 0 && errno == EINTR)
		return;
	if (size < (ssize_t)sizeof(*o)) {
		shelf_end(&g->shelf); /* who orders is gone */
		_exit(0);
	}
	if (o->what == GIVER_PUT)
		put(g, (size_t)size);
	else if (o->what == GIVER_RELOAD)
		reload(g);
}

/* Sizes as who reports has said them, which may be hijacked. */
static void
put(struct giving *g, size_t size)
{
	const struct giver_order *o = (const struct giver_order *)(const void *)g->order;
	struct view jws[MESSAGE_TOKENS_MAX];
	struct trouble t = TROUBLE_INIT;
	size_t at = sizeof(*o);

	if (o->count > MESSAGE_TOKENS_MAX || memchr(o->workload, '\0', sizeof(o->workload)) == NULL)
		return;
	for (size_t i = 0; i < o->count; i++) {
		if (o->size[i] > size - at)
			return;
		jws[i] = (struct view){g->order + at, o->size[i]};
		at += o->size[i];
	}
	say(g, shelf_put(&g->shelf, o->workload, jws, o->count, wall_s(), &t), &t);
}

/* Its faults are told by who asks for it, and has read it before. */
static void
reload(struct giving *g)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (collector_config_load(g->path, &faults, &fresh) == ERR_OK) {
		if ((e = shelf_move(&g->shelf, fresh, &t)) == ERR_MEMORY) {
			collector_config_free(&fresh);
		} else {
			collector_config_free(&g->config);
			g->config = fresh;
		}
		say(g, e, &t);
	}
	faults_free(&faults);
}

/* Who hears it may be busy: it is not waited for, and what is wrong is wrong again soon. */
static void
say(const struct giving *g, enum err e, const struct trouble *why)
{
	struct giver_news news;

	if (e == ERR_OK)
		return;
	memset(&news, 0, sizeof(news));
	news.code = (uint32_t)e;
	news.why = *why;
	(void)send(g->control, &news, sizeof(news), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static uint64_t
wall_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

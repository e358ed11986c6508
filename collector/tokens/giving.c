#include "collector/tokens/giving.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/processes/rights.h"
#include "collector/tokens/desk.h"
#include "collector/tokens/giver_channel.h"
#include "collector/tokens/kin.h"
#include "collector/tokens/shelf.h"

/* The wall clock may be set, and a token is over by that: it is looked at so often at least. */
#define LOOK_MS 1000

struct giving {
	const char *path;
	struct collector_config *config;
	int control;
	struct shelf shelf;
	struct desk desk;
	struct giver_counts counts, told; /* told: as who reports has them */
	uint64_t told_ms;
	struct pollfd *fds; /* ours first */
	uint8_t order[GIVER_ORDER_MAX];
};

static enum err begin(struct giving *g, struct trouble *t);
static bool make_fds(struct giving *g, const struct collector_config *config);
static void await(struct giving *g);
static void tell_counts(struct giving *g, uint64_t now_ms);
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
	if ((e = begin(g, &t)) != ERR_OK) {
		say(g, e, &t);
		_exit(1);
	}
	for (;;)
		await(g);
}

/* Who looks at processes is made while there are the rights that it needs, and the sockets. */
static enum err
begin(struct giving *g, struct trouble *t)
{
	struct trouble of_files = TROUBLE_INIT;
	enum err e;
	int kin;

	if (!make_fds(g, g->config))
		return ERR_MEMORY;
	if ((e = kin_begin(g->path, g->config, &kin, t)) != ERR_OK ||
	    (e = desk_begin(&g->desk, g->config, kin, t)) != ERR_OK ||
	    (e = rights_give(g->path, g->config, t)) != ERR_OK)
		return e;
	g->desk.shelf = &g->shelf;
	g->desk.counts = &g->counts;
	e = shelf_begin(&g->shelf, g->config, &of_files);
	say(g, e, &of_files);
	return e == ERR_MEMORY ? e : ERR_OK;
}

static bool
make_fds(struct giving *g, const struct collector_config *config)
{
	struct pollfd *fresh =
	    reallocarray(g->fds, 1 + DESK_FDS_MAX + config->workload_count, sizeof(*fresh));

	if (fresh == NULL)
		return false;
	g->fds = fresh;
	return true;
}

static void
await(struct giving *g)
{
	uint64_t next_s, next_ms, now_ms = interrupt_clock_ms();
	struct trouble t = TROUBLE_INIT;
	int wait_ms = -1;
	size_t count;

	say(g, shelf_expire(&g->shelf, wall_s(), &next_s, &t), &t);
	next_ms = desk_tend(&g->desk, now_ms);
	tell_counts(g, now_ms);
	if (next_s != UINT64_MAX || memcmp(&g->counts, &g->told, sizeof(g->told)) != 0)
		wait_ms = LOOK_MS;
	if (next_ms != UINT64_MAX && (wait_ms < 0 || next_ms - now_ms < (uint64_t)wait_ms))
		wait_ms = (int)(next_ms - now_ms);
	g->fds[0] = (struct pollfd){.fd = g->control, .events = POLLIN};
	count = 1 + desk_fds(&g->desk, g->fds + 1);
	if (poll(g->fds, count, wait_ms) <= 0)
		return;
	desk_serve(&g->desk, g->fds + 1, interrupt_clock_ms());
	if (g->fds[0].revents != 0)
		obey(g);
}

/* Who reports hears of them, no more often than somebody looks. */
static void
tell_counts(struct giving *g, uint64_t now_ms)
{
	struct giver_news news;

	g->counts.files = g->shelf.files;
	g->counts.file_failures = g->shelf.failures;
	if (memcmp(&g->counts, &g->told, sizeof(g->told)) == 0 || now_ms < g->told_ms + LOOK_MS)
		return;
	memset(&news, 0, sizeof(news));
	news.counts = g->counts;
	if (send(g->control, &news, sizeof(news), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	g->told = g->counts;
	g->told_ms = now_ms;
}

static void
obey(struct giving *g)
{
	const struct giver_order *o = (const struct giver_order *)(const void *)g->order;
	const ssize_t size = recv(g->control, g->order, sizeof(g->order), 0);

	if (size < 0 && errno == EINTR)
		return;
	if (size < (ssize_t)sizeof(*o)) {
		desk_end(&g->desk, g->config); /* who orders is gone */
		shelf_end(&g->shelf);
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
		if (!make_fds(g, fresh) || (e = shelf_move(&g->shelf, fresh, &t)) == ERR_MEMORY) {
			collector_config_free(&fresh);
		} else {
			say(g, e, &t);
			if ((e = desk_move(&g->desk, g->config, &t)) == ERR_MEMORY)
				_exit(1); /* its numbers of workloads mean others now */
			say(g, e, &t);
			collector_config_free(&g->config);
			g->config = fresh;
		}
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
	news.counts = g->counts;
	(void)send(g->control, &news, sizeof(news), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static uint64_t
wall_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

#include "collector/act/acting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/act/actor_channel.h"
#include "collector/act/acts.h"
#include "collector/act/hands.h"
#include "collector/act/hook_runner.h"
#include "collector/act/hook_state.h"
#include "collector/ground/interrupt.h"
#include "collector/ground/small_file.h"
#include "collector/processes/rights.h"
#include "proto/tlog/tlogproof.h"

/* Who keeps a program has so long more than that may take, and ending what it left. */
#define LOST_MS (HOOK_END_MS + 5000)

struct run {
	uint64_t number; /* 0: none */
	uint64_t until_ms;
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	char hook[BUNDLE_ACTION_NAME_MAX + 1];
	enum bundle_verdict verdict;
};

struct acting {
	const char *path;
	struct collector_config *config;
	int control, runner;
	int receipts; /* directory */
	struct hook_keys keys;
	struct hook_state state;
	struct run run[HOOK_RUNS_MAX];
	uint64_t runs; /* begun so far */
	struct acts acts;
	struct actor_counts counts, said; /* those that were told last */
};

static enum err begin(struct acting *a, struct trouble *t);
static enum err use(struct acting *a, const struct collector_config *config, struct trouble *t);
static void await(struct acting *a);
static uint64_t next_ms(const struct acting *a);
static void obey(struct acting *a);
static void take_receipt(struct acting *a, const struct actor_order *o);
static void reload(struct acting *a);
static void dispatch(struct acting *a);
static bool is_busy(const struct acting *a, const char *workload);
static struct run *room(struct acting *a);
static void begin_run(struct acting *a, struct run *r, const struct hook_task *task);
static void take_done(struct acting *a);
static void give_up_overdue(struct acting *a);
static void end_run(struct acting *a, struct run *r, const struct hook_done *done);
static void say(const struct acting *a, enum err e, const struct trouble *why);
static acts_tell tell_of_acts;
static void say_counts(struct acting *a);
static uint64_t wall_s(void);

void
acting_run(const char *path, struct collector_config *config, int control)
{
	struct acting *a = calloc(1, sizeof(*a));
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (a == NULL)
		_exit(1);
	a->path = path;
	a->config = config;
	a->control = control;
	a->receipts = a->runner = -1;
	a->acts = (struct acts){
	    .hands = -1, .grants = -1, .counts = &a->counts, .tell = tell_of_acts, .context = a};
	if ((e = begin(a, &t)) != ERR_OK) {
		say(a, e, &t);
		_exit(1);
	}
	for (;;)
		await(a);
}

/* Who runs programs is made while nothing is given up. */
static enum err
begin(struct acting *a, struct trouble *t)
{
	enum err e;

	if ((e = hook_runner_begin(a->path, a->config, &a->runner, t)) != ERR_OK)
		return e;
	if (a->config->acts != NULL &&
	    (e = hands_begin(a->path, a->config, &a->acts.hands, t)) != ERR_OK)
		return e;
	if ((e = rights_act(a->path, a->config, t)) != ERR_OK)
		return e;
	return use(a, a->config, t);
}

/* All of it, or nothing. */
static enum err
use(struct acting *a, const struct collector_config *config, struct trouble *t)
{
	const int receipts = open(config->receipt_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e;

	if (receipts < 0)
		return trouble_set(
		    t, ERR_CONFIG, "%s: %s", config->receipt_directory, strerror(errno));
	if ((e = hook_keys_load(&a->keys, config, t)) == ERR_OK)
		e = acts_use(&a->acts, config, a->keys.collector, t);
	/* Half of it in force would be of a configuration that is gone: better nobody acts. */
	if (e == ERR_OK && hook_state_set(&a->state, config, interrupt_clock_ms()) != ERR_OK)
		_exit(1);
	if (e != ERR_OK) {
		(void)close(receipts);
		return e;
	}
	if (a->receipts >= 0)
		(void)close(a->receipts);
	a->receipts = receipts;
	return ERR_OK;
}

static void
await(struct acting *a)
{
	struct pollfd fds[] = {{.fd = a->control, .events = POLLIN},
	    {.fd = a->runner, .events = POLLIN}, {.fd = a->acts.hands, .events = POLLIN}};
	const uint64_t now_ms = interrupt_clock_ms();
	uint64_t until_ms;
	int wait_ms = -1;

	dispatch(a);
	acts_turn(&a->acts, &a->state, now_ms, wall_s());
	say_counts(a);
	until_ms = next_ms(a);
	if (until_ms != UINT64_MAX)
		wait_ms = until_ms <= now_ms          ? 0
			  : until_ms - now_ms > 60000 ? 60000
						      : (int)(until_ms - now_ms);
	if (poll(fds, 3, wait_ms) < 0)
		return;
	if (fds[2].revents != 0)
		acts_take_done(&a->acts, interrupt_clock_ms());
	if (fds[1].revents != 0)
		take_done(a);
	give_up_overdue(a);
	if (fds[0].revents != 0)
		obey(a);
}

/* A verdict that becomes unknown while its workload is busy is told behind that. */
static uint64_t
next_ms(const struct acting *a)
{
	uint64_t first_ms = acts_due_ms(&a->acts);
	bool any = false;

	for (size_t i = 0; i < HOOK_RUNS_MAX; i++) {
		any = any || a->run[i].number != 0;
		if (a->run[i].number != 0 && a->run[i].until_ms < first_ms)
			first_ms = a->run[i].until_ms;
	}
	if (!any && hook_state_due_ms(&a->state) < first_ms)
		first_ms = hook_state_due_ms(&a->state);
	return first_ms;
}

static void
obey(struct acting *a)
{
	struct actor_order o;
	const ssize_t size = recv(a->control, &o, sizeof(o), 0);

	if (size < 0 && errno == EINTR)
		return;
	if (size != (ssize_t)sizeof(o))
		_exit(0); /* who orders is gone */
	if (memchr(o.workload, '\0', sizeof(o.workload)) == NULL ||
	    memchr(o.file, '\0', sizeof(o.file)) == NULL)
		return;
	if (o.what == ACTOR_RECEIPT)
		take_receipt(a, &o);
	else if (o.what == ACTOR_RELOAD)
		reload(a);
}

/* By a name that leads out of the directory, of whoever is hijacked, nothing is read. */
static void
take_receipt(struct acting *a, const struct actor_order *o)
{
	struct hook_workload *w = hook_state_find(&a->state, o->workload);
	struct trouble t = TROUBLE_INIT;
	struct buf file = BUF_INIT;
	enum err e = ERR_FORMAT;

	if (w == NULL)
		return;
	if (strchr(o->file, '/') == NULL)
		e = small_file_read(a->receipts, o->file, TLOGPROOF_SIZE_MAX, &file);
	if (e == ERR_OK)
		e = hook_receipt_take(
		    &a->keys, buf_view(&file), o->workload, wall_s(), &w->said, &t);
	else
		(void)trouble_set(&t, e, "a receipt of %s: %s", o->workload, err_text(e));
	buf_free(&file);
	a->counts.refused_receipts += e != ERR_OK;
	if (e == ERR_OK) {
		w->heard_ms = interrupt_clock_ms();
		acts_hear(&a->acts, w);
	}
	say(a, e, &t);
}

/* Its faults are told by who asks for it, and has read it before. */
static void
reload(struct acting *a)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;
	struct trouble t = TROUBLE_INIT;
	enum err e = ERR_OK;

	if (collector_config_load(a->path, &faults, &fresh) == ERR_OK) {
		if ((e = use(a, fresh, &t)) == ERR_OK) {
			collector_config_free(&a->config);
			a->config = fresh;
		} else {
			collector_config_free(&fresh);
		}
	}
	faults_free(&faults);
	say(a, e, &t);
}

static void
dispatch(struct acting *a)
{
	struct hook_task task;
	struct run *r;

	for (size_t i = 0; i < a->state.count; i++) {
		if (is_busy(a, a->state.workload[i].config->name))
			continue;
		if ((r = room(a)) == NULL)
			return;
		if (hook_state_next(&a->state, i, interrupt_clock_ms(), &task))
			begin_run(a, r, &task);
	}
}

static bool
is_busy(const struct acting *a, const char *workload)
{
	for (size_t i = 0; i < HOOK_RUNS_MAX; i++)
		if (a->run[i].number != 0 && strcmp(a->run[i].workload, workload) == 0)
			return true;
	return false;
}

static struct run *
room(struct acting *a)
{
	for (size_t i = 0; i < HOOK_RUNS_MAX; i++)
		if (a->run[i].number == 0)
			return &a->run[i];
	return NULL;
}

static void
begin_run(struct acting *a, struct run *r, const struct hook_task *task)
{
	const struct hook_workload *w = &a->state.workload[task->workload];
	const struct collector_hook *h = &w->config->hooks[task->hook];
	struct hook_done failed = {.result = BUNDLE_ACTION_LOST};
	struct hook_order o = {.configuration = a->config->source,
	    .workload = (uint32_t)w->number,
	    .hook = (uint32_t)task->hook,
	    .number = ++a->runs};
	struct buf bytes = BUF_INIT;

	*r = (struct run){.number = o.number, .verdict = task->verdict};
	r->until_ms = interrupt_clock_ms() + (uint64_t)h->timeout_s * 1000 + LOST_MS;
	memcpy(r->workload, w->config->name, strlen(w->config->name) + 1);
	memcpy(r->hook, h->name, strlen(h->name) + 1);
	buf_append(&bytes, &o, sizeof(o));
	hook_state_write(&a->state, task, wall_s(), &bytes);
	if (buf_status(&bytes) != ERR_OK || bytes.size > sizeof(o) + HOOK_INPUT_MAX ||
	    send(a->runner, bytes.data, bytes.size, MSG_NOSIGNAL) != (ssize_t)bytes.size)
		end_run(a, r, &failed);
	buf_free(&bytes);
}

static void
take_done(struct acting *a)
{
	struct hook_done done;
	const ssize_t size = recv(a->runner, &done, sizeof(done), MSG_DONTWAIT);

	if (size == 0)
		_exit(1); /* nobody runs anything any more: that is told when no order is taken */
	if (size != (ssize_t)sizeof(done) || done.output_size > sizeof(done.output))
		return;
	done.why.text[sizeof(done.why.text) - 1] = '\0';
	for (size_t i = 0; i < HOOK_RUNS_MAX; i++)
		if (a->run[i].number != 0 && a->run[i].number == done.number)
			end_run(a, &a->run[i], &done);
}

static void
give_up_overdue(struct acting *a)
{
	const struct hook_done lost = {.result = BUNDLE_ACTION_LOST};

	for (size_t i = 0; i < HOOK_RUNS_MAX; i++)
		if (a->run[i].number != 0 && a->run[i].until_ms <= interrupt_clock_ms())
			end_run(a, &a->run[i], &lost);
}

/* Who hears it may be busy, and is waited for a while: what was done is not to be lost. */
static void
end_run(struct acting *a, struct run *r, const struct hook_done *done)
{
	struct actor_news news;

	a->counts.runs++;
	a->counts.failed += done->result != 0;
	a->counts.overdue += done->result == BUNDLE_ACTION_OVERDUE;
	a->counts.not_started += done->result == BUNDLE_ACTION_REFUSED;
	a->counts.lost += done->result == BUNDLE_ACTION_LOST;
	a->counts.left += done->left;
	memset(&news, 0, sizeof(news));
	news.event = ACTOR_RAN;
	news.counts = a->counts;
	news.why = done->why;
	memcpy(news.workload, r->workload, sizeof(news.workload));
	memcpy(news.name, r->hook, sizeof(r->hook));
	news.verdict = r->verdict;
	news.result = done->result;
	news.left = done->left;
	news.output_size = done->output_size;
	memcpy(news.output, done->output, done->output_size);
	r->number = 0;
	(void)send(a->control, &news, sizeof(news), MSG_NOSIGNAL);
}

/* It is wrong again with the next receipt: who hears it is not waited for. */
static void
say(const struct acting *a, enum err e, const struct trouble *why)
{
	struct actor_news news;

	if (e == ERR_OK)
		return;
	memset(&news, 0, sizeof(news));
	news.event = ACTOR_TROUBLE;
	news.code = (uint32_t)e;
	news.why = *why;
	news.counts = a->counts;
	(void)send(a->control, &news, sizeof(news), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As end_run: what was done, and what was not, is not to be lost. */
static void
tell_of_acts(void *context, const struct actor_news *news)
{
	struct acting *a = context;
	struct actor_news full = *news;

	full.counts = a->counts;
	a->said = a->counts;
	(void)send(a->control, &full, sizeof(full), MSG_NOSIGNAL);
}

/* What has changed and was told with nothing else. */
static void
say_counts(struct acting *a)
{
	struct actor_news news;

	if (memcmp(&a->said, &a->counts, sizeof(a->said)) == 0)
		return;
	memset(&news, 0, sizeof(news));
	news.event = ACTOR_COUNTS;
	news.counts = a->counts;
	if (send(a->control, &news, sizeof(news), MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    (ssize_t)sizeof(news))
		a->said = a->counts;
}

static uint64_t
wall_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

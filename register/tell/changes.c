#include "register/tell/changes.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "journal/logger.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/siphash.h"
#include "register/tell/event_store.h"

/* Events that could not be committed: with their texts some 100 MB. */
#define WAITING_MAX 100000

#define STATUS_UNKNOWN UINT8_MAX /* of a head: it has not reported */

/* One workload. Under a hash with a key, as its names are others' choice. */
struct head {
	UT_hash_handle hh;
	struct head *next_changed;
	bool is_changed, silent;
	uint8_t status; /* enum report_status, or STATUS_UNKNOWN */
	size_t collector_size, workload_size;
	uint8_t names[]; /* one behind the other, a line feed between them: neither has one */
};

/* An event that is not committed yet. */
struct waiting {
	struct waiting *next;
	enum event_kind kind;
	struct buf id, workload, json;
};

/* Of one log; only its thread touches it. */
struct followed {
	const char *name;
	struct head *heads;
	struct head *changed;
	struct buf scratch;
	struct waiting *first, **last;
	size_t waiting;
	struct event_log_state kept; /* as committed */
	struct event_log_state now;
};

struct changes {
	const struct register_config *config;
	struct siphash_key key;
	void (*committed)(void *context);
	void *context;
	struct followed *log;
	pthread_mutex_t lock; /* of the store, and of who is called */
	struct event_store *store;
};

static void forget_heads(struct followed *f);
static enum err load(struct changes *c);
static enum err load_head(void *context, const struct event_head *h);
static uint64_t tell_kept(void *context, unsigned log);
static void take_entry(void *context, const struct followed_entry *e);
static void take_report(struct changes *c, struct followed *f, const struct followed_entry *e);
static void take_absence(struct changes *c, struct followed *f, const struct followed_entry *e);
static void take_notice(struct followed *f, const struct followed_entry *e);
static void take_alarm(void *context, const struct followed_alarm *a);
static void take_acknowledged(void *context, unsigned log);
static void take_state(void *context, const struct followed_state *s);
static enum err commit(struct changes *c, struct followed *f);
static struct head *find_head(
    struct changes *c, struct followed *f, struct view collector, struct view workload);
static void mark(struct followed *f, struct head *h);
static void add(struct followed *f, const struct event *e);
static void give_up(const struct followed *f, const char *why) __attribute__((noreturn));
static void drop_committed(struct followed *f);
static void drop_first(struct followed *f);
static bool is_known(const struct head *h);
static const char *tier_of(const struct head *h);

struct loading {
	struct changes *changes;
	struct followed *log;
};

enum err
changes_open(const struct register_config *config, void (*committed)(void *context), void *context,
    struct changes **out)
{
	struct changes *c = calloc(1, sizeof(*c));
	struct buf path = BUF_INIT;
	enum err e = ERR_OK;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->config = config;
	c->committed = committed;
	c->context = context;
	(void)pthread_mutex_init(&c->lock, NULL);
	buf_append_format(&path, "%s/" EVENT_STORE_FILE, config->state_directory);
	buf_append_byte(&path, '\0');
	c->log = calloc(config->log_count, sizeof(*c->log));
	if (c->log == NULL || buf_status(&path) != ERR_OK)
		e = ERR_MEMORY;
	else if (RAND_bytes((unsigned char *)&c->key, sizeof(c->key)) != 1)
		e = ERR_CRYPTO;
	if (e == ERR_OK)
		e = event_store_open((const char *)path.data, &c->store);
	if (e == ERR_OK)
		e = load(c);
	buf_free(&path);
	if (e != ERR_OK)
		changes_free(&c);
	*out = c;
	return e;
}

void
changes_free(struct changes **cp)
{
	struct changes *c = *cp;

	if (c == NULL)
		return;
	for (size_t i = 0; c->log != NULL && i < c->config->log_count; i++) {
		struct followed *f = &c->log[i];

		while (f->first != NULL)
			drop_first(f);
		forget_heads(f);
		buf_free(&f->scratch);
	}
	event_store_close(&c->store);
	(void)pthread_mutex_destroy(&c->lock);
	free(c->log);
	free(c);
	*cp = NULL;
}

void
changes_let_go(struct changes *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->committed = NULL;
	(void)pthread_mutex_unlock(&c->lock);
}

struct followed_listener
changes_listener(struct changes *c)
{
	return (struct followed_listener){.context = c,
	    .kept = tell_kept,
	    .entry = take_entry,
	    .state = take_state,
	    .alarm = take_alarm,
	    .acknowledged = take_acknowledged};
}

static void
forget_heads(struct followed *f)
{
	struct head *h, *next;

	HASH_ITER (hh, f->heads, h, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(f->heads, h);
		free(h);
	}
}

static enum err
load(struct changes *c)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < c->config->log_count; i++) {
		struct followed *f = &c->log[i];
		struct loading loading = {c, f};

		f->name = c->config->logs[i].name;
		f->last = &f->first;
		if ((e = event_store_log(c->store, f->name, &f->kept)) == ERR_OK)
			e = event_store_each_head(c->store, f->name, load_head, &loading);
		f->now = f->kept;
	}
	return e;
}

static enum err
load_head(void *context, const struct event_head *h)
{
	const struct loading *l = context;
	struct head *own = find_head(l->changes, l->log, h->collector, h->workload);

	own->status = h->status;
	own->silent = h->silent;
	return ERR_OK;
}

static uint64_t
tell_kept(void *context, unsigned log)
{
	const struct changes *c = context;

	return c->log[log].kept.taken;
}

static void
take_entry(void *context, const struct followed_entry *e)
{
	struct changes *c = context;
	struct followed *f = &c->log[e->log];

	if (e->index < f->now.taken) /* told again */
		return;
	f->now.taken = e->index + 1;
	if (e->outcome != OUTCOME_GOOD)
		return;
	if (e->report != NULL)
		take_report(c, f, e);
	else if (e->absence != NULL)
		take_absence(c, f, e);
	else if (e->notice != NULL)
		take_notice(f, e);
}

static void
take_report(struct changes *c, struct followed *f, const struct followed_entry *e)
{
	const struct report *r = e->report;
	struct event event = {.log = f->name,
	    .index = e->index,
	    .time_s = e->issued_s,
	    .collector = r->collector,
	    .workload = r->bundle.workload,
	    .after = report_status_name(r->status),
	    .report = r};
	struct head *h;

	if (r->bundle.offline || bundle_chain_is_start(r->bundle.workload))
		return;
	h = find_head(c, f, r->collector, r->bundle.workload);
	if (h->silent) {
		event.kind = EVENT_BACK;
		event.report = NULL;
		add(f, &event);
		event.report = r;
	}
	if (!is_known(h) || h->status != (uint8_t)r->status) {
		event.kind = EVENT_VERDICT;
		event.before = tier_of(h);
		add(f, &event);
	} else if (!h->silent) {
		return;
	}
	h->silent = false;
	h->status = (uint8_t)r->status;
	mark(f, h);
}

/* The first of those that follow one another is news. */
static void
take_absence(struct changes *c, struct followed *f, const struct followed_entry *e)
{
	const struct absence *a = e->absence;

	for (size_t i = 0; i < a->count; i++) {
		struct head *h = find_head(c, f, a->collector, a->absent[i].workload);
		const struct event event = {.kind = EVENT_SILENT,
		    .log = f->name,
		    .index = e->index,
		    .time_s = e->issued_s,
		    .part = (unsigned)i,
		    .collector = a->collector,
		    .workload = a->absent[i].workload,
		    .before = tier_of(h),
		    .due_s = a->absent[i].due_s};

		if (h->silent)
			continue;
		add(f, &event);
		h->silent = true;
		mark(f, h);
	}
}

static void
take_notice(struct followed *f, const struct followed_entry *e)
{
	const struct notice *n = e->notice;
	struct event event = {.log = f->name, .index = e->index, .time_s = e->issued_s};

	if (n->kind == NOTICE_MANIFEST) {
		event.kind = EVENT_POLICY;
		event.to = &n->sha256;
	} else if (n->kind == NOTICE_KEY) {
		event.kind = EVENT_KEY;
		event.from = &n->from;
		event.to = &n->to;
	} else {
		return;
	}
	add(f, &event);
}

static void
take_alarm(void *context, const struct followed_alarm *a)
{
	struct changes *c = context;
	struct followed *f = &c->log[a->log];
	const struct event event = {.kind = EVENT_ALARM,
	    .log = f->name,
	    .index = a->index,
	    .alarm = a->kind,
	    .epoch = f->now.epoch,
	    .words = view_of_string(a->words)};

	add(f, &event);
	(void)commit(c, f);
}

/* The same alarm would be another one from here on. */
static void
take_acknowledged(void *context, unsigned log)
{
	struct changes *c = context;
	struct followed *f = &c->log[log];
	const struct event event = {.kind = EVENT_ACKNOWLEDGED,
	    .log = f->name,
	    .index = FOLLOWED_NO_ENTRY,
	    .epoch = f->now.epoch};

	add(f, &event);
	f->now.epoch++;
	(void)commit(c, f);
}

static void
take_state(void *context, const struct followed_state *s)
{
	struct changes *c = context;

	(void)commit(c, &c->log[s->log]);
}

static enum err
commit(struct changes *c, struct followed *f)
{
	const bool news = f->first != NULL;
	const uint64_t now_s = (uint64_t)time(NULL);
	enum err e;

	if (!news && f->changed == NULL && f->now.taken == f->kept.taken &&
	    f->now.epoch == f->kept.epoch)
		return ERR_OK;
	(void)pthread_mutex_lock(&c->lock);
	e = event_store_begin(c->store);
	for (const struct waiting *w = f->first; e == ERR_OK && w != NULL; w = w->next) {
		const struct event_row row = {.kind = w->kind,
		    .id = buf_view(&w->id),
		    .log = view_of_string(f->name),
		    .workload = buf_view(&w->workload),
		    .json = buf_view(&w->json)};

		e = event_store_add(c->store, &row, now_s);
	}
	for (const struct head *h = f->changed; e == ERR_OK && h != NULL; h = h->next_changed) {
		const struct event_head row = {.collector = {h->names, h->collector_size},
		    .workload = {h->names + h->collector_size + 1, h->workload_size},
		    .status = h->status,
		    .silent = h->silent};

		e = event_store_put_head(c->store, f->name, &row);
	}
	if (e == ERR_OK && (e = event_store_put_log(c->store, f->name, &f->now)) == ERR_OK)
		e = event_store_commit(c->store);
	if (e != ERR_OK)
		event_store_rollback(c->store);
	else if (news && c->committed != NULL)
		c->committed(c->context);
	(void)pthread_mutex_unlock(&c->lock);
	if (e == ERR_OK) {
		f->kept = f->now;
		drop_committed(f);
	} else if (f->waiting > WAITING_MAX) {
		give_up(f, "too many events could not be written");
	}
	return e;
}

static struct head *
find_head(struct changes *c, struct followed *f, struct view collector, struct view workload)
{
	struct head *h = NULL;
	struct view names;
	unsigned hash;

	buf_clear(&f->scratch);
	buf_append_view(&f->scratch, collector);
	buf_append_byte(&f->scratch, '\n');
	buf_append_view(&f->scratch, workload);
	if (buf_status(&f->scratch) != ERR_OK)
		give_up(f, "there was no memory for an entry");
	names = buf_view(&f->scratch);
	hash = (unsigned)siphash(&c->key, names);
	HASH_FIND_BYHASHVALUE(hh, f->heads, names.data, names.size, hash, h);
	if (h != NULL)
		return h;
	if ((h = calloc(1, sizeof(*h) + names.size)) == NULL)
		give_up(f, "there was no memory for an entry");
	h->status = STATUS_UNKNOWN;
	h->collector_size = collector.size;
	h->workload_size = workload.size;
	memcpy(h->names, names.data, names.size);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, f->heads, h->names, names.size, hash, h);
	return h;
}

static void
mark(struct followed *f, struct head *h)
{
	if (h->is_changed)
		return;
	h->is_changed = true;
	h->next_changed = f->changed;
	f->changed = h;
}

static void
add(struct followed *f, const struct event *e)
{
	struct waiting *w = calloc(1, sizeof(*w));
	enum err error = w != NULL ? ERR_OK : ERR_MEMORY;

	if (error == ERR_OK && (error = event_write_id(e, &w->id)) == ERR_OK &&
	    (error = event_write(e, &w->json)) == ERR_OK) {
		w->kind = e->kind;
		buf_append_view(&w->workload, e->workload);
		error = buf_status(&w->workload);
	}
	if (error != ERR_OK)
		give_up(f, "there was no memory for an event");
	*f->last = w;
	f->last = &w->next;
	f->waiting++;
}

/* What is left out now would never be told; from what is committed all of it can be. */
static void
give_up(const struct followed *f, const char *why)
{
	logger_say(LOGGER_ERROR, "telling-ends",
	    "%s of %s: the register ends, and when it is started again goes on behind what was "
	    "committed",
	    why, f->name);
	exit(1);
}

static void
drop_committed(struct followed *f)
{
	struct head *next;

	while (f->first != NULL)
		drop_first(f);
	for (struct head *h = f->changed; h != NULL; h = next) {
		next = h->next_changed;
		h->next_changed = NULL;
		h->is_changed = false;
	}
	f->changed = NULL;
}

static void
drop_first(struct followed *f)
{
	struct waiting *w = f->first;

	f->first = w->next;
	if (f->first == NULL)
		f->last = &f->first;
	f->waiting--;
	buf_free(&w->id);
	buf_free(&w->workload);
	buf_free(&w->json);
	free(w);
}

static bool
is_known(const struct head *h)
{
	return h->status != STATUS_UNKNOWN;
}

static const char *
tier_of(const struct head *h)
{
	return is_known(h) ? report_status_name((enum report_status)h->status) : NULL;
}

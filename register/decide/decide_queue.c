#include "register/decide/decide_queue.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Items that wait for the loop: beyond it followers wait. A log that is followed from its beginning
 * tells 50,000 a second, and the loop takes a million.
 */
#define WAITING_MAX 200000

enum item_kind { ITEM_ROW, ITEM_STATE, ITEM_ALARM, ITEM_ACKNOWLEDGED, ITEM_FORGET, ITEM_WHOLE };

struct item {
	struct item *next;
	enum item_kind kind;
	unsigned log;
	struct decided_row row;
	struct followed_state state;
	struct digest image;
	uint8_t bytes[]; /* of the row's views */
};

struct list {
	struct item *first, *last;
	size_t count;
};

struct decide_queue {
	struct decided_table *table;
	uv_async_t async;
	pthread_mutex_t lock;
	pthread_cond_t room;
	bool closed;
	struct list ready;                     /* under the lock */
	struct list pending[DECIDED_LOGS_MAX]; /* each of its follower's thread */
};

static void on_forget(void *context, unsigned log);
static void on_acknowledged(void *context, unsigned log);
static void on_entry(void *context, const struct followed_entry *e);
static void on_state(void *context, const struct followed_state *state);
static void on_alarm(void *context, const struct followed_alarm *alarm);
static struct item *item_new(enum item_kind kind, unsigned log, size_t size);
static void add_report(struct decide_queue *q, const struct followed_entry *e);
static void add_absence(struct decide_queue *q, const struct followed_entry *e);
static void append(struct list *list, struct item *item);
static void hand_over(struct decide_queue *q, struct list *list);
static void on_async(uv_async_t *async);
static void take(struct decide_queue *q, const struct item *item);
static void list_free(struct list *list);

enum err
decide_queue_open(uv_loop_t *loop, struct decided_table *table, struct decide_queue **out)
{
	struct decide_queue *q = calloc(1, sizeof(*q));

	*out = q;
	if (q == NULL)
		return ERR_MEMORY;
	q->table = table;
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->room, NULL);
	if (uv_async_init(loop, &q->async, on_async) != 0) {
		decide_queue_free(out);
		return ERR_MEMORY;
	}
	q->async.data = q;
	return ERR_OK;
}

struct followed_listener
decide_queue_listener(struct decide_queue *q)
{
	return (struct followed_listener){.context = q,
	    .forget = on_forget,
	    .entry = on_entry,
	    .state = on_state,
	    .alarm = on_alarm,
	    .acknowledged = on_acknowledged};
}

void
decide_queue_close(struct decide_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_cond_broadcast(&q->room);
	(void)pthread_mutex_unlock(&q->lock);
	uv_close((uv_handle_t *)&q->async, NULL);
}

void
decide_queue_free(struct decide_queue **qq)
{
	struct decide_queue *q = *qq;

	*qq = NULL;
	if (q == NULL)
		return;
	list_free(&q->ready);
	for (size_t i = 0; i < DECIDED_LOGS_MAX; i++)
		list_free(&q->pending[i]);
	(void)pthread_cond_destroy(&q->room);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

/* What is pending is of entries that come again. */
static void
on_forget(void *context, unsigned log)
{
	struct decide_queue *q = context;

	if (log >= DECIDED_LOGS_MAX)
		return;
	list_free(&q->pending[log]);
	append(&q->pending[log], item_new(ITEM_FORGET, log, 0));
	hand_over(q, &q->pending[log]);
}

static void
on_acknowledged(void *context, unsigned log)
{
	struct decide_queue *q = context;
	struct list one = {NULL, NULL, 0};

	append(&one, item_new(ITEM_ACKNOWLEDGED, log, 0));
	hand_over(q, &one);
}

static void
on_entry(void *context, const struct followed_entry *e)
{
	struct decide_queue *q = context;

	if (e->log >= DECIDED_LOGS_MAX)
		return;
	if (e->index == 0)
		append(&q->pending[e->log], item_new(ITEM_WHOLE, e->log, 0));
	if (e->report != NULL)
		add_report(q, e);
	else if (e->absence != NULL && e->outcome == OUTCOME_GOOD)
		add_absence(q, e);
}

static void
on_state(void *context, const struct followed_state *state)
{
	struct decide_queue *q = context;
	struct item *item;

	if (state->log >= DECIDED_LOGS_MAX)
		return;
	item = item_new(ITEM_STATE, state->log, 0);
	item->state = *state;
	item->state.checkpoint = (struct view){NULL, 0};
	append(&q->pending[state->log], item);
	hand_over(q, &q->pending[state->log]);
}

/* At once: nothing that comes behind it could make it good. */
static void
on_alarm(void *context, const struct followed_alarm *alarm)
{
	struct decide_queue *q = context;
	struct list one = {NULL, NULL, 0};

	append(&one, item_new(ITEM_ALARM, alarm->log, 0));
	hand_over(q, &one);
}

/* A row that is missing would let something older decide: there is no going on without memory. */
static struct item *
item_new(enum item_kind kind, unsigned log, size_t size)
{
	struct item *item = calloc(1, sizeof(*item) + size);

	if (item == NULL)
		abort();
	item->kind = kind;
	item->log = log;
	return item;
}

static void
add_report(struct decide_queue *q, const struct followed_entry *e)
{
	const struct report *r = e->report;
	char why[DECIDED_WHY_MAX];
	struct item *item;
	uint8_t *at;
	int size = 0;

	if (r->bundle.offline)
		return;
	if (r->finding_count > 0)
		size = snprintf(why, sizeof(why), "%.*s %.*s", view_precision(r->finding[0].kind),
		    (const char *)r->finding[0].kind.data, view_precision(r->finding[0].code),
		    (const char *)r->finding[0].code.data);
	if (size >= (int)sizeof(why))
		size = sizeof(why) - 1;
	item = item_new(ITEM_ROW, e->log,
	    r->collector.size + r->bundle.workload.size + r->group.size + (size_t)size);
	at = item->bytes;
	item->row = (struct decided_row){.log = e->log,
	    .index = e->index,
	    .issued_s = r->issued_s,
	    .report = true,
	    .leaving = r->bundle.extensions.leaving != BUNDLE_STAYING,
	    .good = e->outcome == OUTCOME_GOOD,
	    .expires_s = r->expires_s,
	    .due_s = e->due_s,
	    .status = r->status};
	item->row.collector = (struct view){at, r->collector.size};
	at = mempcpy(at, r->collector.data, r->collector.size);
	item->row.workload = (struct view){at, r->bundle.workload.size};
	at = mempcpy(at, r->bundle.workload.data, r->bundle.workload.size);
	item->row.group = (struct view){at, r->group.size};
	if (r->group.size > 0)
		at = mempcpy(at, r->group.data, r->group.size);
	item->row.why = (struct view){at, (size_t)size};
	if (size > 0)
		memcpy(at, why, (size_t)size);
	if (r->bundle.extensions.artifact.form == BUNDLE_ARTIFACT_IMAGE) {
		item->image = r->bundle.extensions.artifact.digest;
		item->row.image = &item->image;
	}
	append(&q->pending[e->log], item);
}

static void
add_absence(struct decide_queue *q, const struct followed_entry *e)
{
	const struct absence *a = e->absence;

	for (size_t i = 0; i < a->count; i++) {
		const struct view workload = a->absent[i].workload;
		struct item *item = item_new(ITEM_ROW, e->log, a->collector.size + workload.size);
		uint8_t *at = mempcpy(item->bytes, a->collector.data, a->collector.size);

		memcpy(at, workload.data, workload.size);
		item->row = (struct decided_row){.log = e->log,
		    .index = e->index,
		    .issued_s = a->issued_s,
		    .collector = {item->bytes, a->collector.size},
		    .workload = {at, workload.size}};
		append(&q->pending[e->log], item);
	}
}

static void
append(struct list *list, struct item *item)
{
	if (list->last != NULL)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
	list->count++;
}

static void
hand_over(struct decide_queue *q, struct list *list)
{
	(void)pthread_mutex_lock(&q->lock);
	while (!q->closed && q->ready.count > WAITING_MAX)
		(void)pthread_cond_wait(&q->room, &q->lock);
	if (!q->closed) {
		if (q->ready.last != NULL)
			q->ready.last->next = list->first;
		else
			q->ready.first = list->first;
		q->ready.last = list->last;
		q->ready.count += list->count;
		*list = (struct list){NULL, NULL, 0};
		(void)uv_async_send(&q->async);
	}
	(void)pthread_mutex_unlock(&q->lock);
	list_free(list); /* of one that is closed */
}

static void
on_async(uv_async_t *async)
{
	struct decide_queue *q = async->data;
	struct list all;

	(void)pthread_mutex_lock(&q->lock);
	all = q->ready;
	q->ready = (struct list){NULL, NULL, 0};
	(void)pthread_cond_broadcast(&q->room);
	(void)pthread_mutex_unlock(&q->lock);
	for (const struct item *item = all.first; item != NULL; item = item->next)
		take(q, item);
	list_free(&all);
}

static void
take(struct decide_queue *q, const struct item *item)
{
	struct timespec now;

	switch (item->kind) {
	case ITEM_ROW:
		decided_put(q->table, &item->row);
		return;
	case ITEM_STATE:
		(void)clock_gettime(CLOCK_BOOTTIME, &now);
		decided_state(q->table, &item->state,
		    (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
		return;
	case ITEM_ALARM:
		decided_alarm(q->table, item->log, true);
		return;
	case ITEM_ACKNOWLEDGED:
		decided_alarm(q->table, item->log, false);
		return;
	case ITEM_FORGET:
		decided_forget(q->table, item->log);
		return;
	case ITEM_WHOLE:
		decided_filled(q->table, item->log);
	}
}

static void
list_free(struct list *list)
{
	for (struct item *item = list->first, *next; item != NULL; item = next) {
		next = item->next;
		free(item);
	}
	*list = (struct list){NULL, NULL, 0};
}

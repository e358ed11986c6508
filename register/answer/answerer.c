#include "register/answer/answerer.h"

#include <pthread.h>
#include <stdlib.h>

/* Threads that answer at once are few; a reader more is opened, and closed again. */
#define WAITING_MAX 8

struct pool {
	struct view_reader *waiting[WAITING_MAX];
	unsigned count;
};

struct answerer {
	const struct answer_log *logs;
	unsigned count;
	pthread_mutex_t lock; /* of the pools */
	struct pool pool[];
};

enum err
answerer_new(const struct answer_log *logs, size_t count, struct answerer **out)
{
	struct answerer *a = calloc(1, sizeof(*a) + count * sizeof(a->pool[0]));

	*out = NULL;
	if (a == NULL || pthread_mutex_init(&a->lock, NULL) != 0) {
		free(a);
		return ERR_MEMORY;
	}
	a->logs = logs;
	a->count = (unsigned)count;
	*out = a;
	return ERR_OK;
}

void
answerer_free(struct answerer **ap)
{
	struct answerer *a = *ap;

	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned k = 0; k < a->pool[i].count; k++)
			view_reader_close(&a->pool[i].waiting[k]);
	pthread_mutex_destroy(&a->lock);
	free(a);
	*ap = NULL;
}

unsigned
answerer_log_count(const struct answerer *a)
{
	return a->count;
}

const struct answer_log *
answerer_log(const struct answerer *a, unsigned number)
{
	return &a->logs[number];
}

enum err
answerer_take(struct answerer *a, unsigned number, struct view_reader **out)
{
	struct pool *p = &a->pool[number];

	*out = NULL;
	pthread_mutex_lock(&a->lock);
	if (p->count > 0)
		*out = p->waiting[--p->count];
	pthread_mutex_unlock(&a->lock);
	if (*out != NULL && !view_reader_is_current(*out))
		view_reader_close(out);
	return *out != NULL ? ERR_OK : view_reader_open(a->logs[number].view, out);
}

void
answerer_give_back(struct answerer *a, unsigned number, struct view_reader **r)
{
	struct pool *p = &a->pool[number];

	pthread_mutex_lock(&a->lock);
	if (p->count < WAITING_MAX) {
		p->waiting[p->count++] = *r;
		*r = NULL;
	}
	pthread_mutex_unlock(&a->lock);
	view_reader_close(r);
}

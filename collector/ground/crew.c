#include "collector/ground/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Bytes. What is measured has values of 64 KiB on its stack, and paths. It counts for the budget of
 * memory, of which it is taken from the beginning.
 */
#define STACK_SIZE ((size_t)512 * 1024)

struct member {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

struct crew {
	crew_work *work;
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t given, done;
	bool ends;
	void *idle[CREW_PIECES],
	    *waiting[CREW_PIECES]; /* the last one first; the first one first */
	size_t idle_count, waiting_first, waiting_count;
	struct member member[CREW_MOST];
	unsigned count;
};

static void begin_threads(struct crew *c, unsigned count);
static void *run(void *context);
static void *next(struct crew *c);
static void do_piece(struct crew *c, unsigned member, void *piece);

unsigned
crew_count(void)
{
	cpu_set_t mine;
	int count = 1;

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		count = CPU_COUNT(&mine);
	return count < 1 ? 1 : count < CREW_MOST ? (unsigned)count : CREW_MOST;
}

struct crew *
crew_new(unsigned count, crew_work *work, void *context, void *pieces, size_t piece_size)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->work = work;
	c->context = context;
	for (size_t i = 0; i < CREW_PIECES; i++)
		c->idle[c->idle_count++] = (uint8_t *)pieces + i * piece_size;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->given, NULL);
	(void)pthread_cond_init(&c->done, NULL);
	c->count = 1;
	begin_threads(c, count);
	return c;
}

void
crew_free(struct crew **cp)
{
	struct crew *c = *cp;

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->ends = true;
	(void)pthread_cond_broadcast(&c->given);
	(void)pthread_mutex_unlock(&c->lock);
	for (unsigned i = 1; i < c->count; i++)
		(void)pthread_join(c->member[i].thread, NULL);
	(void)pthread_cond_destroy(&c->done);
	(void)pthread_cond_destroy(&c->given);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
	*cp = NULL;
}

void *
crew_take(struct crew *c)
{
	void *piece = NULL, *other;

	(void)pthread_mutex_lock(&c->lock);
	while (piece == NULL) {
		if (c->idle_count > 0)
			piece = c->idle[--c->idle_count];
		else if ((other = next(c)) != NULL)
			do_piece(c, 0, other);
		else
			(void)pthread_cond_wait(&c->done, &c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return piece;
}

void
crew_give(struct crew *c, void *piece)
{
	(void)pthread_mutex_lock(&c->lock);
	c->waiting[(c->waiting_first + c->waiting_count++) % CREW_PIECES] = piece;
	(void)pthread_cond_signal(&c->given);
	(void)pthread_mutex_unlock(&c->lock);
}

void
crew_rest(struct crew *c)
{
	void *piece;

	(void)pthread_mutex_lock(&c->lock);
	while (c->idle_count < CREW_PIECES) {
		if ((piece = next(c)) != NULL)
			do_piece(c, 0, piece);
		else
			(void)pthread_cond_wait(&c->done, &c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

static void
begin_threads(struct crew *c, unsigned count)
{
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes) != 0)
		return;
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	while (c->count < count && c->count < CREW_MOST) {
		struct member *m = &c->member[c->count];

		*m = (struct member){.crew = c, .number = c->count};
		if (pthread_create(&m->thread, &attributes, run, m) != 0)
			break;
		c->count++;
	}
	(void)pthread_attr_destroy(&attributes);
}

static void *
run(void *context)
{
	const struct member *m = context;
	struct crew *c = m->crew;
	void *piece;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		if ((piece = next(c)) != NULL)
			do_piece(c, m->number, piece);
		else if (c->ends)
			break;
		else
			(void)pthread_cond_wait(&c->given, &c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* The one that has waited longest; NULL: none waits. With the lock. */
static void *
next(struct crew *c)
{
	void *piece;

	if (c->waiting_count == 0)
		return NULL;
	piece = c->waiting[c->waiting_first];
	c->waiting_first = (c->waiting_first + 1) % CREW_PIECES;
	c->waiting_count--;
	return piece;
}

/* With the lock, but not while it is done. */
static void
do_piece(struct crew *c, unsigned member, void *piece)
{
	(void)pthread_mutex_unlock(&c->lock);
	c->work(c->context, member, piece);
	(void)pthread_mutex_lock(&c->lock);
	c->idle[c->idle_count++] = piece;
	(void)pthread_cond_signal(&c->done);
}

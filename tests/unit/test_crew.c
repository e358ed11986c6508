/* A crew does each piece once, whoever does it, and rests when all are done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "collector/ground/crew.h"

#define PIECES 5000

struct piece {
	unsigned number;
};

struct found {
	_Atomic unsigned done[PIECES];
	_Atomic unsigned by[CREW_MOST];
	_Atomic unsigned under_way;
	/* Of whoever waits in a piece until another member has one, too. */
	pthread_mutex_t lock;
	pthread_cond_t met;
	unsigned waiting;
};

static void
count(void *context, unsigned member, void *piece)
{
	struct found *f = context;
	const struct piece *p = piece;

	atomic_fetch_add(&f->under_way, 1);
	atomic_fetch_add(&f->done[p->number], 1);
	atomic_fetch_add(&f->by[member], 1);
	atomic_fetch_sub(&f->under_way, 1);
}

/* Nobody goes on before two are here. */
static void
meet(void *context, unsigned member, void *piece)
{
	struct found *f = context;

	(void)pthread_mutex_lock(&f->lock);
	f->waiting++;
	(void)pthread_cond_broadcast(&f->met);
	while (f->waiting < 2)
		(void)pthread_cond_wait(&f->met, &f->lock);
	(void)pthread_mutex_unlock(&f->lock);
	count(context, member, piece);
}

static void
give(struct crew *c, unsigned from, unsigned to)
{
	struct piece *p;

	for (unsigned i = from; i < to; i++) {
		p = crew_take(c);
		p->number = i;
		crew_give(c, p);
	}
}

static void
expect_each_once(unsigned members)
{
	struct piece pieces[CREW_PIECES];
	struct found *f = calloc(1, sizeof(*f));
	struct crew *c;
	unsigned by_all = 0;

	assert_non_null(f);
	c = crew_new(members, count, f, pieces, sizeof(pieces[0]));
	assert_non_null(c);
	give(c, 0, PIECES / 2);
	crew_rest(c);
	assert_int_equal(f->under_way, 0);
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(f->done[i], i < PIECES / 2 ? 1 : 0);
	give(c, PIECES / 2, PIECES);
	crew_rest(c);
	crew_rest(c); /* there is nothing to wait for */
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(f->done[i], 1);
	for (unsigned i = 0; i < CREW_MOST; i++) {
		assert_true(i < members || f->by[i] == 0);
		by_all += f->by[i];
	}
	assert_int_equal(by_all, PIECES);
	crew_free(&c);
	assert_null(c);
	free(f);
}

static void
each_piece_is_done_once(void **state)
{
	(void)state;
	expect_each_once(1);
	expect_each_once(2);
	expect_each_once(CREW_MOST);
}

static void
pieces_are_done_at_the_same_time(void **state)
{
	struct piece pieces[CREW_PIECES];
	struct found *f = calloc(1, sizeof(*f));
	struct crew *c;

	(void)state;
	assert_non_null(f);
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->met, NULL);
	c = crew_new(2, meet, f, pieces, sizeof(pieces[0]));
	assert_non_null(c);
	give(c, 0, 2);
	crew_rest(c);
	assert_int_equal(f->by[0], 1);
	assert_int_equal(f->by[1], 1);
	crew_free(&c);
	free(f);
}

static void
there_is_one_for_each_processor(void **state)
{
	(void)state;
	assert_in_range(crew_count(), 1, CREW_MOST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_piece_is_done_once),
	    cmocka_unit_test(pieces_are_done_at_the_same_time),
	    cmocka_unit_test(there_is_one_for_each_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

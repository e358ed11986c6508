#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "signer/ground/waker.h"

#define CALLS 100000

struct fixture {
	uv_loop_t loop;
	struct waker waker;
	uv_thread_t thread;
	uv_mutex_t mutex;
	unsigned said; /* under the mutex */
	unsigned seen, woken;
	bool closed;
};

static void
on_closed(void *context)
{
	((struct fixture *)context)->closed = true;
}

static void
on_woken(void *context)
{
	struct fixture *f = context;

	f->woken++;
	uv_mutex_lock(&f->mutex);
	f->seen = f->said;
	uv_mutex_unlock(&f->mutex);
	if (f->seen == CALLS)
		waker_close(&f->waker, on_closed);
}

static void
call(void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < CALLS; i++) {
		uv_mutex_lock(&f->mutex);
		f->said++;
		uv_mutex_unlock(&f->mutex);
		waker_call(&f->waker);
	}
}

static void
begin(struct fixture *f)
{
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_mutex_init(&f->mutex), 0);
	waker_init(&f->waker, &f->loop, on_woken, f);
}

static void
end(struct fixture *f)
{
	assert_true(f->closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	uv_mutex_destroy(&f->mutex);
}

/* The loop ends when it has seen the last of what the thread said: if one is missed, never. */
static void
nothing_is_missed(void **state)
{
	struct fixture f = {.said = 0};

	(void)state;
	begin(&f);
	assert_int_equal(uv_thread_create(&f.thread, call, &f), 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	uv_thread_join(&f.thread);
	assert_int_equal(f.seen, CALLS);
	end(&f);
}

static void
calls_before_the_loop_looks_are_one(void **state)
{
	struct fixture f = {.said = CALLS};

	(void)state;
	begin(&f);
	for (unsigned i = 0; i < 3; i++)
		waker_call(&f.waker);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(f.woken, 1);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_missed),
	    cmocka_unit_test(calls_before_the_loop_looks_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Wakes a loop from another thread.
 *
 * libuv's uv_async_t does that, too, but whoever was woken spins until the waker is back from its
 * call: where both share a core, until the scheduler lets the waker go on. That took 3 % of a busy
 * signer's time.
 */
#ifndef HALLMARK_SIGNER_GROUND_WAKER_H
#define HALLMARK_SIGNER_GROUND_WAKER_H

#include <uv.h>

/* Lives in its owner, until `closed` was called. */
struct waker {
	uv_poll_t poll;
	int fd; /* eventfd(2) */
	void (*woken)(void *context);
	void (*closed)(void *context);
	void *context;
};

/*
 * `woken` is called on the loop's thread, once for any number of calls since the last time. Aborts
 * where the system gives no descriptor: only for what a process needs at its start.
 */
void waker_init(struct waker *w, uv_loop_t *loop, void (*woken)(void *context), void *context);

/* Any thread. What it wrote before is seen by `woken`. */
void waker_call(struct waker *w);

/* On the loop's thread, when no one calls any more; `closed` then, in a later turn. */
void waker_close(struct waker *w, void (*closed)(void *context));

#endif

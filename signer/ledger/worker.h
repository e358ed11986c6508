/*
 * A thread that does one job at a time for the loop. libuv's own pool is shared with whatever else
 * uses it, and its work cannot be relied on to start; what must not wait has its own thread.
 */
#ifndef HALLMARK_SIGNER_LEDGER_WORKER_H
#define HALLMARK_SIGNER_LEDGER_WORKER_H

#include <uv.h>

#include "proto/err.h"

struct worker;

/* `run` is called on the worker's thread, then `done` with its result on the loop's. */
struct worker_calls {
	enum err (*run)(void *context);
	void (*done)(void *context, enum err result);
	void *context;
};

enum err worker_new(
    uv_loop_t *loop, const struct worker_calls *calls, struct worker **out) MUST_USE;

/* One start, one `done`; a start in between is a broken invariant. */
void worker_start(struct worker *w);

/*
 * Waits for the running job, whose `done` is then not called, and ends the thread. `closed` is
 * called with the context when nothing of it is left.
 */
void worker_close(struct worker **w, void (*closed)(void *context));

#endif

#include "signer/ledger/worker.h"

#include <stdbool.h>
#include <stdlib.h>

#include "signer/ground/waker.h"

enum job { JOB_NONE, JOB_WAITING, JOB_RUNNING, JOB_FINISHED };

struct worker {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake;
	struct waker finished;
	struct worker_calls calls;
	void (*closed)(void *context);
	/* under the mutex */
	enum job job;
	bool stop;
	enum err result;
};

static void thread_main(void *argument);
static void on_finished(void *context);
static void on_closed(void *context);

enum err
worker_new(uv_loop_t *loop, const struct worker_calls *calls, struct worker **out)
{
	struct worker *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return ERR_MEMORY;
	w->calls = *calls;
	/* Nothing was promised yet: a process that gets no thread at its start cannot run at all.
	 */
	if (uv_mutex_init(&w->mutex) != 0 || uv_cond_init(&w->wake) != 0)
		abort();
	waker_init(&w->finished, loop, on_finished, w);
	if (uv_thread_create(&w->thread, thread_main, w) != 0)
		abort();
	*out = w;
	return ERR_OK;
}

void
worker_start(struct worker *w)
{
	uv_mutex_lock(&w->mutex);
	if (w->job != JOB_NONE)
		abort();
	w->job = JOB_WAITING;
	uv_cond_signal(&w->wake);
	uv_mutex_unlock(&w->mutex);
}

void
worker_close(struct worker **wp, void (*closed)(void *context))
{
	struct worker *w = *wp;

	*wp = NULL;
	uv_mutex_lock(&w->mutex);
	w->stop = true;
	uv_cond_signal(&w->wake);
	uv_mutex_unlock(&w->mutex);
	uv_thread_join(&w->thread);
	w->closed = closed;
	waker_close(&w->finished, on_closed);
}

static void
thread_main(void *argument)
{
	struct worker *w = argument;
	enum err result;

	uv_mutex_lock(&w->mutex);
	for (;;) {
		while (w->job != JOB_WAITING && !w->stop)
			uv_cond_wait(&w->wake, &w->mutex);
		if (w->job != JOB_WAITING)
			break;
		w->job = JOB_RUNNING;
		uv_mutex_unlock(&w->mutex);
		result = w->calls.run(w->calls.context);
		uv_mutex_lock(&w->mutex);
		w->result = result;
		w->job = JOB_FINISHED;
		uv_mutex_unlock(&w->mutex);
		waker_call(&w->finished); /* who is woken needs the mutex */
		uv_mutex_lock(&w->mutex);
	}
	uv_mutex_unlock(&w->mutex);
}

static void
on_finished(void *context)
{
	struct worker *w = context;
	enum err result;
	bool finished;

	uv_mutex_lock(&w->mutex);
	finished = w->job == JOB_FINISHED;
	result = w->result;
	if (finished)
		w->job = JOB_NONE;
	uv_mutex_unlock(&w->mutex);
	if (finished)
		w->calls.done(w->calls.context, result);
}

static void
on_closed(void *context)
{
	struct worker *w = context;
	struct worker_calls calls = w->calls;
	void (*closed)(void *context) = w->closed;

	uv_mutex_destroy(&w->mutex);
	uv_cond_destroy(&w->wake);
	free(w);
	closed(calls.context);
}

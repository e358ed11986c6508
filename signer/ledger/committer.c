#include "signer/ledger/committer.h"

#include <stdlib.h>

#include "signer/ledger/worker.h"

struct committer {
	struct worker *worker;
	committer_done *done;
	void *context;
	void (*closed)(void *context);
	void *closed_context;
	struct store *store;
	struct store_commit_job job;
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void worker_closed(void *context);

enum err
committer_new(uv_loop_t *loop, struct store *store, committer_done *on_done, void *context,
    struct committer **out)
{
	struct committer *c = calloc(1, sizeof(*c));
	struct worker_calls calls = {run, done, c};
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->done = on_done;
	c->context = context;
	c->store = store;
	if ((e = worker_new(loop, &calls, &c->worker)) != ERR_OK) {
		free(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
committer_submit(struct committer *c, const struct store_commit_job *job)
{
	c->job = *job;
	worker_start(c->worker);
}

void
committer_close(struct committer **cp, void (*closed)(void *context), void *context)
{
	struct committer *c = *cp;

	*cp = NULL;
	c->closed = closed;
	c->closed_context = context;
	worker_close(&c->worker, worker_closed);
}

static enum err
run(void *context)
{
	struct committer *c = context;

	return store_commit(c->store, &c->job);
}

static void
done(void *context, enum err result)
{
	struct committer *c = context;

	c->done(c->context, result);
}

static void
worker_closed(void *context)
{
	struct committer *c = context;

	c->closed(c->closed_context);
	free(c);
}

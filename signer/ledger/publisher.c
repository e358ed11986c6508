#include "signer/ledger/publisher.h"

#include <stdlib.h>

#include "signer/ledger/worker.h"

struct publisher {
	struct worker *worker;
	publisher_done *done;
	void *context;
	void (*closed)(void *context);
	void *closed_context;
	struct publish_job job;
	struct store *store;
	struct log_index *index; /* NULL once it failed */
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void worker_closed(void *context);
static enum err add_batches(struct publisher *p, const struct publish_job *job);
static enum err update_index(struct log_index *index, const struct publish_job *job);

enum err
publisher_new(uv_loop_t *loop, struct store *store, uint64_t size, struct log_index *index,
    publisher_done *on_done, void *context, struct publisher **out)
{
	struct publisher *p = calloc(1, sizeof(*p));
	struct worker_calls calls = {run, done, p};
	enum err e;

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->index = index;
	p->done = on_done;
	p->context = context;
	p->store = store;
	if ((e = store_publish_open(store, size)) != ERR_OK ||
	    (e = worker_new(loop, &calls, &p->worker)) != ERR_OK) {
		free(p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

void
publisher_submit(struct publisher *p, const struct publish_job *job)
{
	p->job = *job;
	worker_start(p->worker);
}

void
publisher_close(struct publisher **pp, void (*closed)(void *context), void *context)
{
	struct publisher *p = *pp;

	*pp = NULL;
	p->closed = closed;
	p->closed_context = context;
	worker_close(&p->worker, worker_closed);
}

static enum err
run(void *context)
{
	struct publisher *p = context;
	const struct publish_job *job = &p->job;
	enum err e = add_batches(p, job);

	if (e == ERR_OK)
		e = store_publish(p->store, job->note);
	if (e == ERR_OK && job->changes != NULL && p->index != NULL &&
	    update_index(p->index, job) != ERR_OK)
		p->index = NULL;
	return e;
}

static void
done(void *context, enum err result)
{
	struct publisher *p = context;

	p->done(p->context, result);
}

static void
worker_closed(void *context)
{
	struct publisher *p = context;

	p->closed(p->closed_context);
	free(p);
}

static enum err
add_batches(struct publisher *p, const struct publish_job *job)
{
	enum err e = ERR_OK;

	store_publish_begin(p->store, job->hurried);
	for (const struct batch *b = job->batches; b != NULL && e == ERR_OK; b = b->next) {
		for (size_t i = 0, count; i < b->count && e == ERR_OK; i += count) {
			count = store_publish_room(p->store);
			count = count < b->count - i ? count : b->count - i;
			e = store_publish_add(p->store, batch_run(b, i, count), &b->leaf[i], count);
		}
	}
	return e;
}

static enum err
update_index(struct log_index *index, const struct publish_job *job)
{
	const struct index_changes *c = job->changes;
	enum err e = index_begin(index);

	for (size_t i = 0; i < c->head_count && e == ERR_OK; i++) {
		const struct workload_update *u = &c->head[i];

		e = index_put_workload(index, u->workload->collector->identity,
		    workload_name_text(u->workload), &u->head);
	}
	for (size_t i = 0; i < c->notice_count && e == ERR_OK; i++)
		e = index_put_notice(index, &c->notice[i]);
	for (size_t i = 0; i < c->evidence_count && e == ERR_OK; i++)
		e = index_put_evidence(index, &c->evidence[i]);
	return e == ERR_OK ? index_commit(index, &job->state) : e;
}

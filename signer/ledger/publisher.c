#include "signer/ledger/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/tilewriter.h"
#include "signer/ledger/worker.h"

struct publisher {
	struct worker *worker;
	publisher_done *done;
	void *context;
	void (*closed)(void *context);
	void *closed_context;
	char *directory;
	char *checkpoint_path;
	struct publish_job job;
	struct tilewriter *tiles;
	struct log_index *index; /* NULL once it failed */
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void worker_closed(void *context);
static void publisher_free(struct publisher *p);
static enum err write_tiles(struct publisher *p, const struct publish_job *job);
static enum err update_index(struct log_index *index, const struct publish_job *job);

enum err
publisher_new(uv_loop_t *loop, const char *directory, uint64_t size, struct log_index *index,
    publisher_done *on_done, void *context, struct publisher **out)
{
	struct publisher *p = calloc(1, sizeof(*p));
	struct worker_calls calls = {run, done, p};
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (p == NULL)
		return ERR_MEMORY;
	p->index = index;
	p->done = on_done;
	p->context = context;
	p->checkpoint_path = diskfile_join(directory, "checkpoint");
	if ((p->directory = strdup(directory)) == NULL ||
	    (e = tilewriter_new(directory, size, &p->tiles)) != ERR_OK ||
	    (e = worker_new(loop, &calls, &p->worker)) != ERR_OK) {
		publisher_free(p);
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
	enum err e = write_tiles(p, job);

	if (e == ERR_OK && job->note.size > 0 &&
	    (e = diskfile_replace(p->checkpoint_path, job->note)) == ERR_OK)
		e = diskfile_sync_directory(p->directory);
	if (e == ERR_OK)
		e = tilewriter_drop_partials(p->tiles);
	for (size_t i = 0; i < job->remove_count && e == ERR_OK; i++)
		e = diskfile_remove(job->remove[i]);
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
	publisher_free(p);
}

static void
publisher_free(struct publisher *p)
{
	tilewriter_free(&p->tiles);
	free(p->directory);
	free(p->checkpoint_path);
	free(p);
}

static enum err
write_tiles(struct publisher *p, const struct publish_job *job)
{
	enum err e = ERR_OK;

	tilewriter_hurry(p->tiles, job->hurried);
	for (const struct batch *b = job->batches; b != NULL && e == ERR_OK; b = b->next) {
		for (size_t i = 0, count; i < b->count && e == ERR_OK; i += count) {
			count = tilewriter_room(p->tiles);
			count = count < b->count - i ? count : b->count - i;
			e = tilewriter_add(p->tiles, batch_run(b, i, count), &b->leaf[i], count);
		}
	}
	return e == ERR_OK ? tilewriter_flush(p->tiles) : e;
}

static enum err
update_index(struct log_index *index, const struct publish_job *job)
{
	const struct index_changes *c = job->changes;
	enum err e = index_begin(index);

	for (size_t i = 0; i < c->head_count && e == ERR_OK; i++) {
		const struct workload_update *u = &c->head[i];

		e = index_put_workload(index, u->workload->collector, u->workload->name, &u->head);
	}
	for (size_t i = 0; i < c->evidence_count && e == ERR_OK; i++)
		e = index_put_evidence(index, &c->evidence[i]);
	return e == ERR_OK ? index_commit(index, &job->state) : e;
}

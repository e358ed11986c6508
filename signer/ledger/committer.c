#include "signer/ledger/committer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/worker.h"

/* A file that stays open from job to job, until a job names another. */
struct open_file {
	char *path;
	int fd;
};

struct committer {
	struct worker *worker;
	committer_done *done;
	void *context;
	void (*closed)(void *context);
	void *closed_context;
	struct commit_job job;
	struct open_file pack;
	struct open_file segment;
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void worker_closed(void *context);
static enum err open_as(
    struct open_file *file, const char *path, enum err (*open_it)(const char *path, int *fd));
static void open_file_close(struct open_file *file);

enum err
committer_new(uv_loop_t *loop, committer_done *on_done, void *context, struct committer **out)
{
	struct committer *c = calloc(1, sizeof(*c));
	struct worker_calls calls = {run, done, c};
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->done = on_done;
	c->context = context;
	c->pack.fd = -1;
	c->segment.fd = -1;
	if ((e = worker_new(loop, &calls, &c->worker)) != ERR_OK) {
		free(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
committer_submit(struct committer *c, const struct commit_job *job)
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
	const struct commit_job *job = &c->job;
	enum err e = ERR_OK;

	if (job->evidence.size > 0 &&
	    (e = open_as(&c->pack, job->pack, diskfile_open_append)) == ERR_OK)
		e = diskfile_append(c->pack.fd, job->pack, job->evidence);
	if (e == ERR_OK && job->pending.size > 0 &&
	    (e = open_as(&c->segment, job->segment, diskfile_open_in_place)) == ERR_OK)
		e = diskfile_write_at(c->segment.fd, job->segment, job->offset, job->pending);
	return e;
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

	open_file_close(&c->pack);
	open_file_close(&c->segment);
	c->closed(c->closed_context);
	free(c);
}

static enum err
open_as(struct open_file *file, const char *path, enum err (*open_it)(const char *path, int *fd))
{
	if (file->path != NULL && strcmp(file->path, path) == 0)
		return ERR_OK;
	open_file_close(file);
	if ((file->path = strdup(path)) == NULL)
		return ERR_MEMORY;
	return open_it(path, &file->fd);
}

/* Everything in it was synced: closing has nothing left to fail for. */
static void
open_file_close(struct open_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	file->fd = -1;
	file->path = NULL;
}

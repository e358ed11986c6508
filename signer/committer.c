#include "signer/committer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signer/diskfile.h"
#include "signer/worker.h"

/* An append-only file that stays open from job to job, until a job names another. */
struct appended {
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
	struct appended pack;
	struct appended segment;
};

static enum err run(void *context);
static void done(void *context, enum err result);
static void worker_closed(void *context);
static enum err append(struct appended *file, const char *path, struct view bytes);
static void appended_close(struct appended *file);

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
	enum err e = ERR_OK;

	if (c->job.evidence.size > 0)
		e = append(&c->pack, c->job.pack, c->job.evidence);
	if (e == ERR_OK && c->job.pending.size > 0)
		e = append(&c->segment, c->job.segment, c->job.pending);
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

	appended_close(&c->pack);
	appended_close(&c->segment);
	c->closed(c->closed_context);
	free(c);
}

static enum err
append(struct appended *file, const char *path, struct view bytes)
{
	enum err e;

	if (file->path == NULL || strcmp(file->path, path) != 0) {
		appended_close(file);
		if ((file->path = strdup(path)) == NULL)
			return ERR_MEMORY;
		if ((e = diskfile_open_append(path, &file->fd)) != ERR_OK)
			return e;
	}
	return diskfile_append(file->fd, path, bytes);
}

/* Everything in it was synced: closing has nothing left to fail for. */
static void
appended_close(struct appended *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	file->fd = -1;
	file->path = NULL;
}

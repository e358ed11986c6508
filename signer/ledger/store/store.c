#include "signer/ledger/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/tlog/note.h"
#include "signer/ledger/store/damage.h"
#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/pending.h"
#include "signer/ledger/store/tilestore.h"
#include "signer/ledger/store/tilewriter.h"

/* A file that stays open from commit to commit, until another is named. */
struct open_file {
	char *path;
	int fd;
};

struct store {
	char *directory;
	char *checkpoint_path;
	int lock_fd;
	struct pending pending;       /* the loop's */
	struct open_file pack;        /* the committer's */
	struct open_file record_file; /* the committer's: a pending file */
	struct tilewriter *tiles;     /* the publisher's */
};

static struct tilestore_reader reader_of(const struct store_tree *t);
static enum err open_as(
    struct open_file *file, const char *path, enum err (*open_it)(const char *path, int *fd));
static void open_file_close(struct open_file *file);

enum err
store_open(const char *directory, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->lock_fd = -1;
	s->pack.fd = -1;
	s->record_file.fd = -1;
	if ((s->directory = strdup(directory)) == NULL ||
	    (e = diskfile_lock_directory(directory, &s->lock_fd)) != ERR_OK) {
		store_close(&s);
		return e;
	}
	s->checkpoint_path = diskfile_join(directory, "checkpoint");
	pending_init(&s->pending, s->directory);
	*out = s;
	return ERR_OK;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	tilewriter_free(&s->tiles);
	open_file_close(&s->pack);
	open_file_close(&s->record_file);
	pending_free(&s->pending);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->checkpoint_path);
	free(s->directory);
	free(s);
	*sp = NULL;
}

enum err
store_read_checkpoint(const struct store *s, struct buf *to)
{
	return diskfile_read(s->checkpoint_path, NOTE_SIZE_MAX, to);
}

enum err
store_recover(struct store *s, struct merkle_frontier *tree,
    enum err (*take)(void *context, struct view report), void *context)
{
	return pending_read(&s->pending, tree, take, context);
}

enum err
store_mend(struct store *s)
{
	return pending_mend(&s->pending);
}

void
store_stage(struct store *s, uint64_t first, struct view record, struct store_commit_job *job)
{
	job->record = record;
	pending_place(&s->pending, first, record, &job->file, &job->offset);
}

enum err
store_commit(struct store *s, const struct store_commit_job *job)
{
	enum err e = ERR_OK;

	if (job->evidence.size > 0 &&
	    (e = open_as(&s->pack, job->pack, diskfile_open_append)) == ERR_OK)
		e = diskfile_append(s->pack.fd, job->pack, job->evidence);
	if (e == ERR_OK && job->record.size > 0 &&
	    (e = open_as(&s->record_file, job->file, diskfile_open_in_place)) == ERR_OK)
		e = diskfile_write_at(s->record_file.fd, job->file, job->offset, job->record);
	return e;
}

void
store_retire_begin(struct store *s, uint64_t size, bool all)
{
	pending_leave(&s->pending, size, all);
}

void
store_retire_end(struct store *s)
{
	pending_left(&s->pending);
}

enum err
store_publish_open(struct store *s, uint64_t size)
{
	return tilewriter_new(s->directory, size, &s->tiles);
}

void
store_publish_begin(struct store *s, bool hurried)
{
	tilewriter_hurry(s->tiles, hurried);
}

size_t
store_publish_room(const struct store *s)
{
	return tilewriter_room(s->tiles);
}

enum err
store_publish_add(struct store *s, struct view entries, const struct digest *leaf, size_t count)
{
	return tilewriter_add(s->tiles, entries, leaf, count);
}

enum err
store_publish(struct store *s, struct view checkpoint)
{
	enum err e = tilewriter_flush(s->tiles);

	if (e == ERR_OK && (e = diskfile_replace(s->checkpoint_path, checkpoint)) == ERR_OK)
		e = diskfile_sync_directory(s->directory);
	if (e == ERR_OK)
		e = tilewriter_drop_partials(s->tiles);
	return e == ERR_OK ? pending_remove(&s->pending) : e;
}

void
store_tidy(struct store *s, bool all)
{
	pending_tidy(&s->pending, all);
}

enum err
store_read_node(void *context, unsigned level, uint64_t index, struct digest *out)
{
	struct tilestore_reader r = reader_of(context);

	return tilestore_read_node(&r, level, index, out);
}

enum err
store_read_entries(const struct store_tree *t, uint64_t bundle, struct buf *to)
{
	struct tilestore_reader r = reader_of(t);

	return tilestore_read_entries(&r, bundle, to);
}

enum err
store_read_entry(const struct store_tree *t, uint64_t index, struct buf *to)
{
	struct tilestore_reader r = reader_of(t);

	return tilestore_read_entry(&r, index, to);
}

void
store_say_damaged(const struct store *s, uint64_t index, const char *text)
{
	damage_say(s->directory, index, text);
}

enum err
store_damaged(const struct store *s, uint64_t index, const char *text)
{
	return damage_found(s->directory, index, text);
}

enum err
store_damaged_checkpoint(const struct store *s, const char *text)
{
	return damage_found(s->checkpoint_path, 0, text);
}

static struct tilestore_reader
reader_of(const struct store_tree *t)
{
	return (struct tilestore_reader){t->store->directory, t->size};
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

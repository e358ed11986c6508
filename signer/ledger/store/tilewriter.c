#include "signer/ledger/store/tilewriter.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/tlog/tile.h"
#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/tilestore.h"

#define LEVELS (TILE_LEVEL_MAX + 1)

/* Each run of entries that is added has at least one, and one more is what was there before. */
#define PARTS_MAX (TILE_WIDTH + 1)

/*
 * Files that one sync is for. The small syncs that receipts wait for, the committer's and the
 * guard's, pass between ours: four bundles with their tiles are some 1.2 MB. Measured from 2 to
 * 192: more make receipts later, fewer cost a sync too many.
 */
#define WRITTEN_MAX 8

/* Tiles that became full and had been partial at the last flush: the bundle, and one a level. */
#define FILLED_MAX (LEVELS + 1)

struct tilewriter {
	char *directory;
	int fd;                       /* of it */
	dev_t device;                 /* that it is on */
	uint64_t size;                /* leaves added */
	uint64_t flushed;             /* size at the last flush */
	bool begun;                   /* there was a flush: leftovers of a crash are gone */
	struct buf entries;           /* of the bundle that is begun, as far as they were flushed */
	struct iovec part[PARTS_MAX]; /* the bundle that is begun: `entries`, then what was added */
	size_t parts;                 /* but `entries`, if empty, is no part */
	struct buf hashes[LEVELS];    /* of the partial tile of each level */
	int written[WRITTEN_MAX];     /* files that are not synced yet */
	size_t written_count;
	char filled[FILLED_MAX][TILE_PATH_SIZE]; /* their partial tiles are to go */
	size_t filled_count;
	bool hurried; /* keeps the core */
};

static enum err open_place(struct tilewriter *w);
static enum err load_entries(struct tilewriter *w);
static enum err load_partials(struct tilewriter *w);
static void begin_bundle(struct tilewriter *w);
static enum err keep_bundle(struct tilewriter *w);
static enum err add_hashes(
    struct tilewriter *w, unsigned level, const struct digest *hash, size_t count);
static void tile_root(const struct buf *hashes, struct digest *root);
static enum err flush_hashes(struct tilewriter *w);
static enum err write_hashes(struct tilewriter *w, unsigned level, const char *path);
static enum err write_file(
    struct tilewriter *w, const char *path, const struct iovec *part, size_t parts);
static enum err check_place(const struct tilewriter *w, int fd, const char *path);
static enum err sync_written(struct tilewriter *w);
static void give_way(const struct tilewriter *w);
static void note_filled(struct tilewriter *w, unsigned level, uint64_t tile, const char *path);
static enum err drop_unnamed(const struct tilewriter *w);
static enum err drop_behind(const struct tilewriter *w, unsigned level, bool entries);
static enum err drop_partials(const struct tilewriter *w, const char *full_path, unsigned above);

enum err
tilewriter_new(const char *directory, uint64_t size, struct tilewriter **out)
{
	struct tilewriter *w = calloc(1, sizeof(*w));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (w == NULL)
		return ERR_MEMORY;
	w->fd = -1;
	w->size = size;
	w->flushed = size;
	if ((w->directory = strdup(directory)) == NULL || (e = open_place(w)) != ERR_OK ||
	    (e = load_partials(w)) != ERR_OK) {
		tilewriter_free(&w);
		return e;
	}
	begin_bundle(w);
	*out = w;
	return ERR_OK;
}

void
tilewriter_free(struct tilewriter **wp)
{
	struct tilewriter *w = *wp;

	if (w == NULL)
		return;
	if (w->fd >= 0)
		close(w->fd); /* a directory, read only: nothing to fail for */
	while (w->written_count > 0)
		close(w->written[--w->written_count]); /* never synced, so nobody relies on it */
	buf_free(&w->entries);
	for (unsigned level = 0; level < LEVELS; level++)
		buf_free(&w->hashes[level]);
	free(w->directory);
	free(w);
	*wp = NULL;
}

size_t
tilewriter_room(const struct tilewriter *w)
{
	return TILE_WIDTH - (size_t)(w->size % TILE_WIDTH);
}

enum err
tilewriter_add(struct tilewriter *w, struct view entries, const struct digest *leaf, size_t count)
{
	char path[TILE_PATH_SIZE];
	uint64_t tile = w->size / TILE_WIDTH;
	enum err e = ERR_OK;

	if (count == 0 || count > tilewriter_room(w))
		abort(); /* the caller's sums are wrong */
	w->part[w->parts++] = (struct iovec){(void *)(uintptr_t)entries.data, entries.size};
	w->size += count;
	if (w->size % TILE_WIDTH == 0) {
		tile_entries_path(tile, TILE_WIDTH, path);
		e = write_file(w, path, w->part, w->parts);
		note_filled(w, 0, tile, path);
		buf_clear(&w->entries);
		begin_bundle(w);
	}
	return e == ERR_OK ? add_hashes(w, 0, leaf, count) : e;
}

enum err
tilewriter_flush(struct tilewriter *w)
{
	char path[TILE_PATH_SIZE];
	enum err e = ERR_OK;

	if (w->size == w->flushed)
		return ERR_OK;
	if (!w->begun)
		e = drop_unnamed(w);
	if (e == ERR_OK && w->parts > 0) {
		tile_entries_path(w->size / TILE_WIDTH, (unsigned)(w->size % TILE_WIDTH), path);
		e = write_file(w, path, w->part, w->parts);
	}
	if (e == ERR_OK)
		e = keep_bundle(w);
	if (e == ERR_OK)
		e = flush_hashes(w);
	if (e == ERR_OK)
		e = sync_written(w);
	if (e == ERR_OK) {
		w->flushed = w->size;
		w->begun = true;
	}
	return e;
}

void
tilewriter_hurry(struct tilewriter *w, bool hurried)
{
	w->hurried = hurried;
}

/*
 * They are a courtesy to readers of an older checkpoint, who fall back to the full tile; a leftover
 * does no harm, so a directory that cannot be removed is left.
 */
enum err
tilewriter_drop_partials(struct tilewriter *w)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->filled_count && e == ERR_OK; i++)
		e = drop_partials(w, w->filled[i], 0);
	w->filled_count = 0;
	return e;
}

static enum err
open_place(struct tilewriter *w)
{
	enum err e = diskfile_open_directory(w->directory, &w->fd);
	struct stat place;

	if (e != ERR_OK)
		return e;
	if (fstat(w->fd, &place) != 0)
		return diskfile_failed("fstat", w->directory);
	w->device = place.st_dev;
	return ERR_OK;
}

/* A full bundle may be there already, by a publication that did not come to its checkpoint. */
static enum err
load_entries(struct tilewriter *w)
{
	struct tilestore_reader r = {w->directory, w->size};
	enum err e = tilestore_read_entries(&r, w->size / TILE_WIDTH, &w->entries);
	struct view rest = buf_view(&w->entries), entry;

	for (uint64_t i = 0; e == ERR_OK && i < w->size % TILE_WIDTH; i++)
		e = tile_entry_next(&rest, &entry);
	if (e == ERR_OK)
		w->entries.size -= rest.size;
	return e;
}

static enum err
load_partials(struct tilewriter *w)
{
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];
	enum err e = ERR_OK;

	if (w->size % TILE_WIDTH != 0)
		e = load_entries(w);
	for (unsigned level = 0; level < LEVELS && e == ERR_OK; level++) {
		uint64_t hashes = w->size >> (level * TILE_HEIGHT);
		size_t width = hashes % TILE_WIDTH;

		if (width == 0)
			continue;
		tile_path(level, hashes / TILE_WIDTH, (unsigned)width, path);
		tile_path(level, hashes / TILE_WIDTH, TILE_WIDTH, full);
		e = tilestore_read_file(
		    w->directory, path, full, TILE_WIDTH * DIGEST_SIZE, &w->hashes[level]);
		if (e == ERR_OK && w->hashes[level].size < width * DIGEST_SIZE)
			e = ERR_FORMAT_SIZE;
		w->hashes[level].size = width * DIGEST_SIZE;
	}
	return e;
}

static void
begin_bundle(struct tilewriter *w)
{
	w->parts = 0;
	if (w->entries.size > 0)
		w->part[w->parts++] = (struct iovec){w->entries.data, w->entries.size};
}

/* What was added is copied: its owner may need the memory from here on. */
static enum err
keep_bundle(struct tilewriter *w)
{
	for (size_t i = w->entries.size > 0 ? 1 : 0; i < w->parts; i++)
		buf_append(&w->entries, w->part[i].iov_base, w->part[i].iov_len);
	begin_bundle(w);
	return buf_status(&w->entries);
}

static enum err
add_hashes(struct tilewriter *w, unsigned level, const struct digest *hash, size_t count)
{
	struct buf *hashes = &w->hashes[level];
	uint64_t tile = (w->size >> (level * TILE_HEIGHT)) / TILE_WIDTH;
	char path[TILE_PATH_SIZE];
	struct digest root;
	enum err e;

	buf_append(hashes, hash, count * DIGEST_SIZE);
	if ((e = buf_status(hashes)) != ERR_OK || hashes->size < TILE_WIDTH * DIGEST_SIZE)
		return e;
	/* It is full, so the size says the next one. */
	tile_path(level, tile - 1, TILE_WIDTH, path);
	e = write_hashes(w, level, path);
	note_filled(w, level, tile - 1, path);
	tile_root(hashes, &root);
	buf_clear(hashes);
	return e == ERR_OK && level < TILE_LEVEL_MAX ? add_hashes(w, level + 1, &root, 1) : e;
}

static void
tile_root(const struct buf *hashes, struct digest *root)
{
	struct digest node[TILE_WIDTH];

	memcpy(node, hashes->data, sizeof(node));
	for (size_t count = TILE_WIDTH / 2; count > 0; count /= 2)
		merkle_nodes(node, count, node);
	*root = node[0];
}

/* A level that did not grow since the last flush has its file already. */
static enum err
flush_hashes(struct tilewriter *w)
{
	char path[TILE_PATH_SIZE];
	enum err e = ERR_OK;

	for (unsigned level = 0; level < LEVELS && e == ERR_OK; level++) {
		uint64_t hashes = w->size >> (level * TILE_HEIGHT);

		if (w->hashes[level].size == 0 || hashes == w->flushed >> (level * TILE_HEIGHT))
			continue;
		tile_path(level, hashes / TILE_WIDTH, (unsigned)(hashes % TILE_WIDTH), path);
		e = write_hashes(w, level, path);
	}
	return e;
}

static enum err
write_hashes(struct tilewriter *w, unsigned level, const char *path)
{
	struct iovec all = {w->hashes[level].data, w->hashes[level].size};

	return write_file(w, path, &all, 1);
}

static enum err
write_file(struct tilewriter *w, const char *path, const struct iovec *part, size_t parts)
{
	char *name;
	enum err e = ERR_OK;
	int fd = -1;

	if (w->written_count == WRITTEN_MAX && (e = sync_written(w)) != ERR_OK)
		return e;
	name = diskfile_join(w->directory, path);
	e = diskfile_write(name, part, parts, &fd);
	free(name);
	if (fd >= 0)
		w->written[w->written_count++] = fd;
	give_way(w);
	return e == ERR_OK ? check_place(w, fd, path) : e;
}

/* A sync of the directory's file system is none of another's, mounted or linked below it. */
static enum err
check_place(const struct tilewriter *w, int fd, const char *path)
{
	struct stat file;

	if (fstat(fd, &file) == 0 && file.st_dev == w->device)
		return ERR_OK;
	logger_say(LOGGER_ERROR, "log-in-parts",
	    "%s is on another file system than %s, with which it is synced; move all of the log to "
	    "one",
	    path, w->directory);
	return ERR_IO;
}

/* On the disk, and out of memory, which a log that is read so seldom would fill. */
static enum err
sync_written(struct tilewriter *w)
{
	enum err e = diskfile_sync_all(w->fd, w->directory);

	give_way(w);
	while (w->written_count > 0 && e == ERR_OK)
		e = diskfile_close_cold(w->written[--w->written_count], w->directory);
	return e;
}

/*
 * Whoever is ready to run does so now. A thread that has just written a file would else keep the
 * core to the end of its slice, while receipts wait.
 */
static void
give_way(const struct tilewriter *w)
{
	if (!w->hurried)
		sched_yield();
}

/* There is a partial tile of it if the last flush ended within it, or by a crash before. */
static void
note_filled(struct tilewriter *w, unsigned level, uint64_t tile, const char *path)
{
	uint64_t hashes = w->flushed >> (level * TILE_HEIGHT);
	bool partial = hashes / TILE_WIDTH == tile && hashes % TILE_WIDTH != 0;

	if (partial && w->filled_count < FILLED_MAX)
		memcpy(w->filled[w->filled_count++], path, TILE_PATH_SIZE);
}

/*
 * What a publication that did not come to its checkpoint has left of partial tiles, torn perhaps:
 * no checkpoint names them, and a wider one that comes next would not write over them. An auditor
 * would find a tile that is not the beginning of its successor. Not before the first publication
 * of this process, which has all that the dead one had: until then nobody has proved that the
 * checkpoint found is the newest, and what lies behind it may be all that there is of the log.
 */
static enum err
drop_unnamed(const struct tilewriter *w)
{
	enum err e = drop_behind(w, 0, true);

	for (unsigned level = 0; level < LEVELS && e == ERR_OK; level++)
		e = drop_behind(w, level, false);
	return e;
}

/* Of the tiles from the last checkpoint's end to this publication's. */
static enum err
drop_behind(const struct tilewriter *w, unsigned level, bool entries)
{
	uint64_t from = w->flushed >> (level * TILE_HEIGHT);
	uint64_t to = w->size >> (level * TILE_HEIGHT);
	unsigned named = (unsigned)(from % TILE_WIDTH); /* and all that are narrower */
	char path[TILE_PATH_SIZE];
	enum err e = ERR_OK;

	for (uint64_t tile = from / TILE_WIDTH; tile <= to / TILE_WIDTH && e == ERR_OK; tile++) {
		if (entries)
			tile_entries_path(tile, TILE_WIDTH, path);
		else
			tile_path(level, tile, TILE_WIDTH, path);
		e = drop_partials(w, path, named);
		named = 0;
	}
	return e;
}

static enum err
drop_partials(const struct tilewriter *w, const char *full_path, unsigned above)
{
	char directory[PATH_MAX], name[PATH_MAX];
	struct dirent *entry;
	enum err e = ERR_OK;
	DIR *d;

	snprintf(directory, sizeof(directory), "%s/%s.p", w->directory, full_path);
	if ((d = opendir(directory)) == NULL)
		return errno == ENOENT ? ERR_OK : diskfile_failed("opendir", directory);
	while (e == ERR_OK && (errno = 0, entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || strtoul(entry->d_name, NULL, 10) <= above)
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", directory, entry->d_name) < PATH_MAX)
			e = diskfile_remove(name);
	}
	if (e == ERR_OK && errno != 0)
		e = diskfile_failed("readdir", directory);
	closedir(d);
	if (e == ERR_OK)
		rmdir(directory);
	return e;
}

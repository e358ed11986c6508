#include "signer/tilestore.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/tile.h"
#include "signer/diskfile.h"

#define LEVELS (TILE_LEVEL_MAX + 1)

/* Directories touched between two flushes; more are synced early. */
#define TOUCHED_MAX 64

struct tilestore_writer {
	char *directory;
	uint64_t size;             /* leaves added */
	struct buf entries;        /* of the partial entry bundle */
	struct buf hashes[LEVELS]; /* of the partial tile of each level */
	uint64_t flushed;          /* size at the last flush */
	char *touched[TOUCHED_MAX];
	size_t touched_count;
};

static enum err read_tile_file(const char *directory, const char *path, const char *full_path,
    size_t size_max, struct buf *to);
static enum err load_entries(struct tilestore_writer *w);
static enum err load_partials(struct tilestore_writer *w);
static enum err add_hash(struct tilestore_writer *w, unsigned level, const struct digest *hash);
static void tile_root(const struct buf *hashes, struct digest *root);
static enum err write_file(struct tilestore_writer *w, const char *path, struct view bytes);
static enum err touch(struct tilestore_writer *w, const char *path);
static enum err sync_touched(struct tilestore_writer *w);
static enum err drop_partials(struct tilestore_writer *w, const char *full_path);

enum err
tilestore_read_node(void *context, unsigned level, uint64_t index, struct digest *out)
{
	const struct tilestore_reader *r = context;
	unsigned tile_level = level / TILE_HEIGHT, height = level % TILE_HEIGHT;
	uint64_t first = index << height; /* in hashes of tile_level */
	uint64_t tile = first / TILE_WIDTH;
	unsigned width = tile_width(tile_level, tile, r->size);
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];
	struct merkle_frontier f;
	struct buf bytes = BUF_INIT;
	enum err e;

	tile_path(tile_level, tile, width, path);
	tile_path(tile_level, tile, TILE_WIDTH, full);
	e = read_tile_file(r->directory, path, full, TILE_WIDTH * DIGEST_SIZE, &bytes);
	if (e == ERR_OK &&
	    bytes.size < ((size_t)(first % TILE_WIDTH) + ((size_t)1 << height)) * DIGEST_SIZE)
		e = ERR_FORMAT_SIZE;
	if (e == ERR_OK) {
		merkle_frontier_init(&f);
		for (size_t i = 0; i < (size_t)1 << height; i++) {
			struct digest hash;

			memcpy(hash.bytes,
			    bytes.data + ((size_t)(first % TILE_WIDTH) + i) * DIGEST_SIZE,
			    DIGEST_SIZE);
			merkle_frontier_append(&f, &hash);
		}
		merkle_frontier_root(&f, out);
	}
	buf_free(&bytes);
	return e;
}

enum err
tilestore_read_entries(const struct tilestore_reader *r, uint64_t bundle, struct buf *to)
{
	unsigned width = tile_width(0, bundle, r->size);
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];

	tile_entries_path(bundle, width, path);
	tile_entries_path(bundle, TILE_WIDTH, full);
	return read_tile_file(
	    r->directory, path, full, (size_t)TILE_WIDTH * (ENTRY_SIZE_MAX + 2), to);
}

enum err
tilestore_read_entry(const struct tilestore_reader *r, uint64_t index, struct buf *to)
{
	struct buf bundle = BUF_INIT;
	struct view rest, entry;
	enum err e = tilestore_read_entries(r, index / TILE_WIDTH, &bundle);

	rest = buf_view(&bundle);
	for (uint64_t i = 0; e == ERR_OK && i <= index % TILE_WIDTH; i++)
		e = tile_entry_next(&rest, &entry);
	if (e == ERR_OK) {
		buf_append_view(to, entry);
		e = buf_status(to);
	}
	buf_free(&bundle);
	return e;
}

enum err
tilestore_writer_new(const char *directory, uint64_t size, struct tilestore_writer **out)
{
	struct tilestore_writer *w = calloc(1, sizeof(*w));
	enum err e;

	*out = NULL;
	if (w == NULL || (w->directory = strdup(directory)) == NULL) {
		free(w);
		return ERR_MEMORY;
	}
	w->size = size;
	w->flushed = size;
	if ((e = load_partials(w)) != ERR_OK) {
		tilestore_writer_free(&w);
		return e;
	}
	*out = w;
	return ERR_OK;
}

void
tilestore_writer_free(struct tilestore_writer **wp)
{
	struct tilestore_writer *w = *wp;

	if (w == NULL)
		return;
	buf_free(&w->entries);
	for (unsigned level = 0; level < LEVELS; level++)
		buf_free(&w->hashes[level]);
	for (size_t i = 0; i < w->touched_count; i++)
		free(w->touched[i]);
	free(w->directory);
	free(w);
	*wp = NULL;
}

enum err
tilestore_add(struct tilestore_writer *w, struct view entry, const struct digest *leaf)
{
	char path[TILE_PATH_SIZE];
	enum err e = tile_entry_append(&w->entries, entry);

	w->size++;
	if (e == ERR_OK && w->size % TILE_WIDTH == 0) {
		tile_entries_path(w->size / TILE_WIDTH - 1, TILE_WIDTH, path);
		if ((e = write_file(w, path, buf_view(&w->entries))) == ERR_OK)
			e = drop_partials(w, path);
		buf_clear(&w->entries);
	}
	return e == ERR_OK ? add_hash(w, 0, leaf) : e;
}

enum err
tilestore_flush(struct tilestore_writer *w)
{
	char path[TILE_PATH_SIZE];
	enum err e = ERR_OK;

	if (w->size == w->flushed)
		return ERR_OK;
	if (w->entries.size > 0) {
		tile_entries_path(w->size / TILE_WIDTH, (unsigned)(w->size % TILE_WIDTH), path);
		e = write_file(w, path, buf_view(&w->entries));
	}
	for (unsigned level = 0; level < LEVELS && e == ERR_OK; level++) {
		uint64_t hashes = level * TILE_HEIGHT < 64 ? w->size >> (level * TILE_HEIGHT) : 0;

		/* A level that did not grow since the last flush has its file already. */
		if (w->hashes[level].size == 0 || hashes == w->flushed >> (level * TILE_HEIGHT))
			continue;
		tile_path(level, hashes / TILE_WIDTH, (unsigned)(hashes % TILE_WIDTH), path);
		e = write_file(w, path, buf_view(&w->hashes[level]));
	}
	if (e == ERR_OK)
		e = sync_touched(w);
	if (e == ERR_OK)
		w->flushed = w->size;
	return e;
}

/* A partial tile may have been replaced by the full one meanwhile, whose start is the same. */
static enum err
read_tile_file(
    const char *directory, const char *path, const char *full_path, size_t size_max, struct buf *to)
{
	char *name = diskfile_join(directory, path);
	enum err e = diskfile_read(name, size_max, to);

	free(name);
	if (e == ERR_NOT_FOUND && strcmp(path, full_path) != 0) {
		name = diskfile_join(directory, full_path);
		e = diskfile_read(name, size_max, to);
		free(name);
	}
	return e;
}

/* A full bundle may be there already, by a publication that did not come to its checkpoint. */
static enum err
load_entries(struct tilestore_writer *w)
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
load_partials(struct tilestore_writer *w)
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
		e = read_tile_file(
		    w->directory, path, full, TILE_WIDTH * DIGEST_SIZE, &w->hashes[level]);
		if (e == ERR_OK && w->hashes[level].size < width * DIGEST_SIZE)
			e = ERR_FORMAT_SIZE;
		w->hashes[level].size = width * DIGEST_SIZE;
	}
	return e;
}

static enum err
add_hash(struct tilestore_writer *w, unsigned level, const struct digest *hash)
{
	struct buf *hashes = &w->hashes[level];
	uint64_t count = w->size >> (level * TILE_HEIGHT);
	char path[TILE_PATH_SIZE];
	struct digest root;
	enum err e;

	buf_append(hashes, hash->bytes, DIGEST_SIZE);
	if ((e = buf_status(hashes)) != ERR_OK)
		return e;
	if (hashes->size < TILE_WIDTH * DIGEST_SIZE)
		return ERR_OK;
	tile_path(level, count / TILE_WIDTH - 1, TILE_WIDTH, path);
	if ((e = write_file(w, path, buf_view(hashes))) == ERR_OK)
		e = drop_partials(w, path);
	tile_root(hashes, &root);
	buf_clear(hashes);
	return e == ERR_OK && level < TILE_LEVEL_MAX ? add_hash(w, level + 1, &root) : e;
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

static enum err
write_file(struct tilestore_writer *w, const char *path, struct view bytes)
{
	char *name = diskfile_join(w->directory, path);
	enum err e = touch(w, name);

	if (e == ERR_OK)
		e = diskfile_replace(name, bytes);
	free(name);
	return e;
}

/* Notes the directory of `path`, makes it if need be. */
static enum err
touch(struct tilestore_writer *w, const char *path)
{
	char *directory = strdup(path);
	enum err e = ERR_OK;

	if (directory == NULL)
		return ERR_MEMORY;
	*strrchr(directory, '/') = '\0';
	for (size_t i = 0; i < w->touched_count; i++) {
		if (strcmp(w->touched[i], directory) == 0) {
			free(directory);
			return ERR_OK;
		}
	}
	if (w->touched_count == TOUCHED_MAX)
		e = sync_touched(w);
	if (e == ERR_OK)
		e = diskfile_make_directory(directory);
	if (e == ERR_OK)
		w->touched[w->touched_count++] = directory;
	else
		free(directory);
	return e;
}

static enum err
sync_touched(struct tilestore_writer *w)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->touched_count; i++) {
		if (e == ERR_OK)
			e = diskfile_sync_directory(w->touched[i]);
		free(w->touched[i]);
	}
	w->touched_count = 0;
	return e;
}

/*
 * Removes the partial tiles of a tile that is full and synced. They are a courtesy to readers of an
 * older checkpoint, who fall back to the full tile; a leftover does no harm, so a partial that
 * cannot be removed is only what diskfile_remove said of it.
 */
static enum err
drop_partials(struct tilestore_writer *w, const char *full_path)
{
	char directory[PATH_MAX], name[PATH_MAX];
	enum err e;
	DIR *d;

	snprintf(directory, sizeof(directory), "%s/%s.p", w->directory, full_path);
	if ((d = opendir(directory)) == NULL)
		return ERR_OK;
	/* The full tile's name must be on the disk before its parts go. */
	e = sync_touched(w);
	for (struct dirent *entry; e == ERR_OK && (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", directory, entry->d_name) < PATH_MAX)
			e = diskfile_remove(name);
	}
	closedir(d);
	if (e == ERR_OK)
		rmdir(directory);
	return e;
}

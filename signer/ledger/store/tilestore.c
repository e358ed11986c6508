#include "signer/ledger/store/tilestore.h"

#include <stdlib.h>
#include <string.h>

#include "proto/tlog/tile.h"
#include "signer/ledger/store/diskfile.h"

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
	e = tilestore_read_file(r->directory, path, full, TILE_WIDTH * DIGEST_SIZE, &bytes);
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
	return tilestore_read_file(
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
tilestore_read_file(
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

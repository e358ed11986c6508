/*
 * For unit tests of reading logs: a log directory made with the tree of proto/, leaf by leaf and in
 * the plainest way, without a signature.
 */
#ifndef HALLMARK_TESTS_UNIT_LOG_FIXTURE_H
#define HALLMARK_TESTS_UNIT_LOG_FIXTURE_H

#include "tests/unit/audit_fixture.h"

#include "log/log_reader.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tile.h"

/* Entry `index` of the log. */
static inline void
log_fixture_entry(uint64_t index, struct buf *to)
{
	buf_append_format(to, "entry %llu", (unsigned long long)index);
}

/* Root of 2^(8 * level) entries from index * 2^(8 * level) on. */
static inline void
log_fixture_hash(unsigned level, uint64_t index, struct digest *out)
{
	const uint64_t size = 1ULL << (level * TILE_HEIGHT);
	struct merkle_frontier frontier;
	struct digest leaf;
	struct buf entry = BUF_INIT;

	merkle_frontier_init(&frontier);
	for (uint64_t i = index * size; i < (index + 1) * size; i++) {
		buf_clear(&entry);
		log_fixture_entry(i, &entry);
		merkle_leaf(buf_view(&entry), &leaf);
		merkle_frontier_append(&frontier, &leaf);
	}
	merkle_frontier_root(&frontier, out);
	buf_free(&entry);
}

static inline void
log_fixture_tile(const struct fixture *f, unsigned level, uint64_t index, uint64_t size)
{
	const unsigned width = tile_width(level, index, size);
	char path[TILE_PATH_SIZE];
	struct buf tile = BUF_INIT;
	struct digest hash;

	for (unsigned i = 0; i < width; i++) {
		log_fixture_hash(level, index * TILE_WIDTH + i, &hash);
		buf_append(&tile, hash.bytes, DIGEST_SIZE);
	}
	tile_path(level, index, width, path);
	fixture_write(f, path, tile.data, tile.size);
	buf_free(&tile);
}

static inline void
log_fixture_entries(const struct fixture *f, uint64_t index, uint64_t size)
{
	const unsigned width = tile_width(0, index, size);
	char path[TILE_PATH_SIZE];
	struct buf bundle = BUF_INIT, entry = BUF_INIT;

	for (unsigned i = 0; i < width; i++) {
		buf_clear(&entry);
		log_fixture_entry(index * TILE_WIDTH + i, &entry);
		assert_int_equal(tile_entry_append(&bundle, buf_view(&entry)), ERR_OK);
	}
	tile_entries_path(index, width, path);
	fixture_write(f, path, bundle.data, bundle.size);
	buf_free(&bundle);
	buf_free(&entry);
}

/* All files of a log of this size; the reader is as log_open would leave it. */
static inline void
log_fixture_make(const struct fixture *f, uint64_t size, struct log_reader *l)
{
	struct merkle_frontier frontier;
	struct digest leaf;
	struct buf entry = BUF_INIT;

	merkle_frontier_init(&frontier);
	for (uint64_t i = 0; i < size; i++) {
		buf_clear(&entry);
		log_fixture_entry(i, &entry);
		merkle_leaf(buf_view(&entry), &leaf);
		merkle_frontier_append(&frontier, &leaf);
	}
	for (unsigned level = 0; level <= TILE_LEVEL_MAX; level++)
		for (uint64_t i = 0; i < tile_count(level, size); i++)
			log_fixture_tile(f, level, i, size);
	for (uint64_t i = 0; i < tile_count(0, size); i++)
		log_fixture_entries(f, i, size);
	memset(l, 0, sizeof(*l));
	l->dir = f->dir;
	l->checkpoint.size = size;
	strcpy(l->checkpoint.origin, "hallmark.test/unit");
	merkle_frontier_root(&frontier, &l->checkpoint.root);
	buf_free(&entry);
}

/* Flips a bit of a file. */
static inline void
log_fixture_flip(const struct fixture *f, const char *name, off_t at)
{
	int fd = openat(f->dir, name, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#endif

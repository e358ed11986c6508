#include "log/log_reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "log/inputfile.h"

static uint64_t stored_size(const struct log_reader *l);
static enum err read_either(const struct log_reader *l, const char *partial, const char *full,
    size_t size_max, struct buf *to, bool *exact);

enum outcome
log_open(struct log_reader *l, const char *directory, const struct seal_wanted *wanted,
    const struct findings *f)
{
	struct seal seal;
	char root[DIGEST_HEX_SIZE + 1];
	enum outcome o;
	enum err e;

	memset(l, 0, sizeof(*l));
	if ((l->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return findings_step(
		    f, "log", OUTCOME_UNKNOWN, "%s: %s", directory, inputfile_reason(ERR_IO));
	if ((e = inputfile_read(l->dir, "checkpoint", NOTE_SIZE_MAX, &l->note)) != ERR_OK)
		o = findings_step(f, "checkpoint", outcome_of_error(e), "%s/checkpoint: %s",
		    directory, inputfile_reason(e));
	else if ((o = seal_check(wanted, buf_view(&l->note), f, &seal)) == OUTCOME_GOOD) {
		l->checkpoint = seal.checkpoint;
		l->signer = *signercert_key_digest(seal.by);
		seal_free(&seal);
		digest_to_hex(&l->checkpoint.root, root);
		(void)findings_step(
		    f, "checkpoint", o, "size %" PRIu64 ", root %s", l->checkpoint.size, root);
	}
	return o;
}

enum err
log_open_unproved(struct log_reader *l, const char *directory)
{
	const uint8_t *end;
	enum err e;

	memset(l, 0, sizeof(*l));
	if ((l->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	if ((e = inputfile_read(l->dir, "checkpoint", NOTE_SIZE_MAX, &l->note)) != ERR_OK)
		return e;
	/* The text of a note ends before its first empty line. */
	if ((end = memmem(l->note.data, l->note.size, "\n\n", 2)) == NULL)
		return ERR_FORMAT;
	return checkpoint_parse(
	    (struct view){l->note.data, (size_t)(end + 1 - l->note.data)}, &l->checkpoint);
}

void
log_close(struct log_reader *l)
{
	if (l->dir >= 0)
		close(l->dir);
	l->dir = -1;
	buf_free(&l->note);
}

enum err
log_begin_of(const struct log_reader *l, uint64_t size, struct log_reader *out)
{
	const struct checkpoint *c = &l->checkpoint;
	struct log_reader reader = *l;
	struct merkle_frontier f;
	struct merkle_proof p;
	struct digest root;
	enum err e = size <= c->size ? ERR_OK : ERR_NOT_FOUND;

	if (e == ERR_OK)
		e = merkle_read_frontier(size, log_read_node, &reader, &f);
	if (e == ERR_OK)
		e = merkle_prove_consistency(size, c->size, log_read_node, &reader, &p);
	if (e != ERR_OK)
		return e;
	merkle_frontier_root(&f, &root);
	if ((e = merkle_verify_consistency(size, &root, c->size, &c->root, &p)) != ERR_OK)
		return e;
	reader.note = BUF_INIT;
	reader.stored = stored_size(l);
	reader.checkpoint.size = size;
	reader.checkpoint.root = root;
	*out = reader;
	return ERR_OK;
}

enum err
log_read_tile(const struct log_reader *l, unsigned level, uint64_t index, struct buf *to)
{
	const unsigned width = tile_width(level, index, l->checkpoint.size);
	const unsigned held = tile_width(level, index, stored_size(l));
	const size_t size = (size_t)held * DIGEST_SIZE;
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];
	bool exact;
	enum err e;

	buf_clear(to);
	if (width == 0)
		return ERR_NOT_FOUND;
	tile_path(level, index, held, path);
	tile_path(level, index, TILE_WIDTH, full);
	if ((e = read_either(l, path, full, (size_t)TILE_WIDTH * DIGEST_SIZE, to, &exact)) !=
	    ERR_OK)
		return e;
	if (to->size != (exact ? size : (size_t)TILE_WIDTH * DIGEST_SIZE)) {
		buf_clear(to);
		return ERR_FORMAT_SIZE;
	}
	to->size = (size_t)width * DIGEST_SIZE;
	return ERR_OK;
}

enum err
log_read_entries(const struct log_reader *l, uint64_t index, struct buf *to, bool *exact)
{
	const unsigned width = tile_width(0, index, l->checkpoint.size);
	const unsigned held = tile_width(0, index, stored_size(l));
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];
	enum err e;

	buf_clear(to);
	*exact = false;
	if (width == 0)
		return ERR_NOT_FOUND;
	tile_entries_path(index, held, path);
	tile_entries_path(index, TILE_WIDTH, full);
	e = read_either(l, path, full, LOG_BUNDLE_SIZE_MAX, to, exact);
	*exact = *exact && held == width;
	return e;
}

enum err
log_prove_entry(const struct log_reader *l, uint64_t index, struct buf *to)
{
	struct log_reader reader = *l;
	const struct checkpoint *c = &l->checkpoint;
	struct buf bundle = BUF_INIT;
	struct merkle_proof proof;
	struct view rest, entry;
	struct digest leaf;
	bool exact;
	enum err e = index < c->size ? ERR_OK : ERR_NOT_FOUND;

	if (e == ERR_OK)
		e = log_read_entries(l, index / TILE_WIDTH, &bundle, &exact);
	rest = buf_view(&bundle);
	for (uint64_t i = 0; e == ERR_OK && i <= index % TILE_WIDTH; i++)
		e = tile_entry_next(&rest, &entry);
	if (e == ERR_OK && (e = merkle_prove_inclusion(
				c->size, index, log_read_node, &reader, &proof)) == ERR_OK) {
		merkle_leaf(entry, &leaf);
		e = merkle_verify_inclusion(&leaf, index, c->size, &c->root, &proof);
	}
	if (e == ERR_OK) {
		buf_append_view(to, entry);
		e = buf_status(to);
	}
	buf_free(&bundle);
	return e;
}

enum err
log_read_node(void *context, unsigned level, uint64_t index, struct digest *out)
{
	const struct log_reader *l = context;
	const unsigned tile_level = level / TILE_HEIGHT, height = level % TILE_HEIGHT;
	const uint64_t first = index << height; /* in hashes of tile_level */
	const size_t at = (size_t)(first % TILE_WIDTH);
	struct merkle_frontier f;
	struct buf tile = BUF_INIT;
	struct digest hash;
	enum err e = log_read_tile(l, tile_level, first / TILE_WIDTH, &tile);

	merkle_frontier_init(&f);
	for (size_t i = 0; e == ERR_OK && i < (size_t)1 << height; i++) {
		if ((at + i + 1) * DIGEST_SIZE > tile.size) {
			e = ERR_FORMAT_SIZE;
			break;
		}
		memcpy(hash.bytes, tile.data + (at + i) * DIGEST_SIZE, DIGEST_SIZE);
		merkle_frontier_append(&f, &hash);
	}
	if (e == ERR_OK)
		merkle_frontier_root(&f, out);
	buf_free(&tile);
	return e;
}

static uint64_t
stored_size(const struct log_reader *l)
{
	return l->stored != 0 ? l->stored : l->checkpoint.size;
}

static enum err
read_either(const struct log_reader *l, const char *partial, const char *full, size_t size_max,
    struct buf *to, bool *exact)
{
	enum err e = inputfile_read(l->dir, partial, size_max, to);

	*exact = true;
	if (e != ERR_NOT_FOUND || strcmp(partial, full) == 0)
		return e;
	*exact = false;
	return inputfile_read(l->dir, full, size_max, to);
}

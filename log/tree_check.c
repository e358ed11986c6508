#include "log/tree_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"
#include "proto/tlog/merkle.h"

#define LEVELS (TILE_LEVEL_MAX + 1)

/* The hashes of one tile and one more: what is left of the levels below at the log's end. */
struct side {
	struct digest hash[TILE_WIDTH + 1];
	bool known[TILE_WIDTH + 1];
};

struct level {
	uint64_t tile; /* index of the tile that is being filled */
	unsigned count;
	struct side entries; /* as they follow from the entries */
	struct side tiles;   /* as they follow from the tiles below */
};

/* Both ways to one hash. */
struct pair {
	struct digest entries, tiles;
	bool entries_known, tiles_known;
};

struct tree_check {
	struct defects *defects;
	tree_check_visit *visit;
	void *context;
	const struct log_reader *log; /* of this run */
	uint64_t size;                /* entries that were looked at, in all runs */
	struct tree_check_result result;
	bool damaged; /* something was wrong with the tree, whatever else was found */
	bool wrong;   /* and not only that it could not be read */
	struct buf bundle, tile;
	struct view entry[TILE_WIDTH]; /* of the bundle */
	struct digest leaf[TILE_WIDTH];
	struct level level[LEVELS];
};

static void read_bundle(struct tree_check *t, uint64_t index, unsigned width);
static unsigned hash_entries(
    struct tree_check *t, uint64_t index, unsigned begin, unsigned width, bool exact);
static void push(struct tree_check *t, unsigned level, const struct pair *p);
static void compare_tile(struct tree_check *t, unsigned level);
static bool compare_hashes(struct tree_check *t, unsigned level, const char *path);
static void tell_difference(
    struct tree_check *t, unsigned level, unsigned i, const struct digest *hash);
static void fold(const struct level *l, unsigned count, bool same, struct pair *out);
static bool fold_side(const struct side *s, unsigned count, struct digest *out);
static void finish(struct tree_check *t);
static void compare_root(struct tree_check *t, const struct pair *p);
static void note_defect(struct tree_check *t, enum err e);
static enum err resume_level(struct tree_check *t, const struct log_reader *l, unsigned level);
static void fold_edge(const struct tree_check *t, struct digest *root);

struct tree_check *
tree_check_new(struct defects *defects, tree_check_visit *visit, void *context)
{
	struct tree_check *t = calloc(1, sizeof(*t));

	if (t != NULL)
		*t = (struct tree_check){.defects = defects, .visit = visit, .context = context};
	return t;
}

void
tree_check_free(struct tree_check **t)
{
	if (*t == NULL)
		return;
	buf_free(&(*t)->bundle);
	buf_free(&(*t)->tile);
	free(*t);
	*t = NULL;
}

void
tree_check_run(struct tree_check *t, const struct log_reader *l)
{
	const uint64_t size = l->checkpoint.size;

	t->log = l;
	while (t->size < size && !defects_full(t->defects)) {
		const uint64_t index = t->size / TILE_WIDTH;

		read_bundle(t, index, tile_width(0, index, size));
		findings_progress(t->defects->findings, t->size, size);
	}
	if (!defects_full(t->defects))
		finish(t);
	findings_progress(t->defects->findings, size, size);
	t->log = NULL;
}

enum err
tree_check_resume(struct tree_check *t, const struct log_reader *l)
{
	struct digest root;
	enum err e = ERR_OK;

	t->damaged = t->wrong = false;
	t->size = l->checkpoint.size;
	for (unsigned level = 0; level < LEVELS && e == ERR_OK; level++)
		e = resume_level(t, l, level);
	if (e != ERR_OK)
		return e;
	fold_edge(t, &root);
	return digest_equal(&root, &l->checkpoint.root) ? ERR_OK : ERR_PROOF;
}

enum tree_check_state
tree_check_state(const struct tree_check *t)
{
	return t->wrong ? TREE_CHECK_WRONG : t->damaged ? TREE_CHECK_LACKS : TREE_CHECK_GOOD;
}

uint64_t
tree_check_size(const struct tree_check *t)
{
	return t->size;
}

const struct tree_check_result *
tree_check_result(const struct tree_check *t)
{
	return &t->result;
}

/*
 * One entry bundle: the hashes of a tile of level 0 from its entries, but for those that a run
 * before has looked at.
 */
static void
read_bundle(struct tree_check *t, uint64_t index, unsigned width)
{
	const unsigned begin = (unsigned)(t->size % TILE_WIDTH);
	struct pair p = {.tiles_known = false};
	char path[TILE_PATH_SIZE];
	unsigned good = begin;
	bool exact;
	enum err e = log_read_entries(t->log, index, &t->bundle, &exact);

	if (e != ERR_OK) {
		tile_entries_path(index, width, path);
		note_defect(t, e);
		/* What the checkpoint refers to has to be there: its absence is a defect. */
		defects_add(t->defects, e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    path, "expected entries %" PRIu64 " to %" PRIu64 ": %s", t->size,
		    index * TILE_WIDTH + width - 1, inputfile_reason(e));
	} else {
		good = hash_entries(t, index, begin, width, exact);
	}
	/* Those that could not be read leave only what the tile says. */
	for (; good < width; good++)
		push(t, 0, &p);
	t->size = index * TILE_WIDTH + width;
}

static unsigned
hash_entries(struct tree_check *t, uint64_t index, unsigned begin, unsigned width, bool exact)
{
	struct view rest = buf_view(&t->bundle);
	struct pair p = {.entries_known = true};
	char path[TILE_PATH_SIZE];
	unsigned good = 0;

	tile_entries_path(index, width, path);
	while (good < width && tile_entry_next(&rest, &t->entry[good]) == ERR_OK)
		good++;
	if (good > begin)
		merkle_leaves(t->entry + begin, good - begin, t->leaf + begin);
	for (unsigned i = begin; i < good; i++) {
		t->result.entries++;
		t->result.entries_bytes += t->entry[i].size;
		p.entries = t->leaf[i];
		push(t, 0, &p);
	}
	if (t->visit != NULL && good > begin)
		t->visit(t->context, &(struct tree_check_entries){index * TILE_WIDTH + begin,
					 good - begin, t->entry + begin, t->leaf + begin});
	if (good < width) {
		note_defect(t, ERR_FORMAT);
		defects_add(t->defects, OUTCOME_BAD, path,
		    "entry %" PRIu64 ": expected %u entries, found %u and %zu bytes",
		    index * TILE_WIDTH + good, width, good, rest.size);
		return good > begin ? good : begin;
	}
	if (exact && rest.size > 0) {
		note_defect(t, ERR_FORMAT);
		defects_add(t->defects, OUTCOME_BAD, path,
		    "expected its end behind entry %" PRIu64 ", found %zu bytes more",
		    index * TILE_WIDTH + width - 1, rest.size);
	}
	return width;
}

static void
push(struct tree_check *t, unsigned level, const struct pair *p)
{
	struct level *l = &t->level[level];

	l->entries.hash[l->count] = p->entries;
	l->entries.known[l->count] = p->entries_known;
	l->tiles.hash[l->count] = p->tiles;
	l->tiles.known[l->count] = p->tiles_known;
	l->count++;
	if (l->count == TILE_WIDTH)
		compare_tile(t, level);
}

/* A tile is filled: compares it with the stored one, and hands its root up. */
static void
compare_tile(struct tree_check *t, unsigned level)
{
	struct level *l = &t->level[level];
	char path[TILE_PATH_SIZE];
	struct pair p;
	bool same;

	tile_path(level, l->tile, l->count, path);
	same = compare_hashes(t, level, path);
	if (l->count < TILE_WIDTH)
		return;
	fold(l, l->count, same, &p);
	l->count = 0;
	l->tile++;
	if (level < TILE_LEVEL_MAX)
		push(t, level + 1, &p);
}

/*
 * True if every stored hash is the one that follows from the entries. Afterwards the side of the
 * tiles holds what is stored.
 */
static bool
compare_hashes(struct tree_check *t, unsigned level, const char *path)
{
	struct level *l = &t->level[level];
	enum err e = log_read_tile(t->log, level, l->tile, &t->tile);
	struct digest hash;
	bool same = true;

	if (e != ERR_OK) {
		note_defect(t, e);
		defects_add(t->defects, e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    path, "expected a tile of %u hashes: %s", l->count,
		    e == ERR_FORMAT_SIZE ? "it has another size" : inputfile_reason(e));
		return false; /* both sides stay as they followed from below */
	}
	t->result.tiles++;
	t->result.hashes += l->count;
	for (unsigned i = 0; i < l->count; i++) {
		memcpy(hash.bytes, t->tile.data + (size_t)i * DIGEST_SIZE, DIGEST_SIZE);
		if (l->entries.known[i] && digest_equal(&hash, &l->entries.hash[i]))
			continue;
		same = false;
		if ((l->entries.known[i] || l->tiles.known[i]) &&
		    !(l->tiles.known[i] && digest_equal(&hash, &l->tiles.hash[i])))
			tell_difference(t, level, i, &hash);
	}
	for (unsigned i = 0; i < l->count && !same; i++) {
		memcpy(l->tiles.hash[i].bytes, t->tile.data + (size_t)i * DIGEST_SIZE, DIGEST_SIZE);
		l->tiles.known[i] = true;
	}
	return same;
}

/* Which of the two is the damaged one shows further up: both are named. */
static void
tell_difference(struct tree_check *t, unsigned level, unsigned i, const struct digest *hash)
{
	const struct level *l = &t->level[level];
	const uint64_t index = l->tile * TILE_WIDTH + i; /* on its level */
	char expected[DIGEST_HEX_SIZE + 1], found[DIGEST_HEX_SIZE + 1];
	char path[TILE_PATH_SIZE], below[TILE_PATH_SIZE], what[2 * TILE_PATH_SIZE];

	note_defect(t, ERR_DIGEST);
	digest_to_hex(l->entries.known[i] ? &l->entries.hash[i] : &l->tiles.hash[i], expected);
	digest_to_hex(hash, found);
	tile_path(level, l->tile, l->count, path);
	if (level == 0) {
		tile_entries_path(l->tile, l->count, below);
		(void)snprintf(what, sizeof(what), "%s, entry %" PRIu64, below, index);
		defects_add(t->defects, OUTCOME_BAD, what, "hashes to %s, %s has %s", expected,
		    path, found);
	} else {
		tile_path(level - 1, index, TILE_WIDTH, below);
		defects_add(t->defects, OUTCOME_BAD, path,
		    "hash %u: expected %s, the root of %s; found %s", i, expected, below, found);
	}
}

/* The root of the first `count` hashes, both ways. */
static void
fold(const struct level *l, unsigned count, bool same, struct pair *out)
{
	memset(out, 0, sizeof(*out));
	out->entries_known = fold_side(&l->entries, count, &out->entries);
	if (same) {
		out->tiles = out->entries;
		out->tiles_known = true;
	} else {
		out->tiles_known = fold_side(&l->tiles, count, &out->tiles);
	}
}

/* In place would spoil what is still compared, so pairs are folded in a copy. */
static bool
fold_side(const struct side *s, unsigned count, struct digest *out)
{
	struct digest hash[TILE_WIDTH / 2 + 1];
	const struct digest *from = s->hash;

	for (unsigned i = 0; i < count; i++)
		if (!s->known[i])
			return false;
	/* RFC 6962: an odd last one is carried up as it is, which splits at powers of two. */
	for (; count > 1; count = (count + 1) / 2, from = hash) {
		merkle_nodes(from, count / 2, hash);
		if (count % 2 != 0)
			hash[count / 2] = from[count - 1];
	}
	*out = from[0];
	return true;
}

/*
 * The right edge: on each level the partial tile, and behind it the one root that is left of the
 * levels below. What they fold to is the root of the tree.
 */
static void
finish(struct tree_check *t)
{
	struct pair carry;
	bool has_carry = false, same;

	memset(&carry, 0, sizeof(carry));
	for (unsigned level = 0; level < LEVELS; level++) {
		struct level *l = &t->level[level];
		unsigned count = l->count;

		if (count == 0)
			continue;
		compare_tile(t, level);
		same = false; /* the sides may differ; here, speed does not matter */
		for (unsigned i = 0; i < count; i++)
			if (!l->tiles.known[i] && l->entries.known[i]) {
				l->tiles.hash[i] = l->entries.hash[i];
				l->tiles.known[i] = true;
			}
		if (has_carry) {
			l->entries.hash[count] = carry.entries;
			l->entries.known[count] = carry.entries_known;
			l->tiles.hash[count] = carry.tiles;
			l->tiles.known[count] = carry.tiles_known;
			count++;
		}
		fold(l, count, same, &carry);
		has_carry = true;
	}
	if (!has_carry) {
		merkle_empty_root(&carry.entries);
		carry.tiles = carry.entries;
		carry.entries_known = carry.tiles_known = true;
	}
	compare_root(t, &carry);
}

static void
compare_root(struct tree_check *t, const struct pair *p)
{
	const struct digest *signed_root = &t->log->checkpoint.root;
	char expected[DIGEST_HEX_SIZE + 1], found[DIGEST_HEX_SIZE + 1];

	digest_to_hex(signed_root, expected);
	if (p->entries_known && digest_equal(&p->entries, signed_root)) {
		if (t->damaged)
			defects_remark(t->defects, "checkpoint",
			    "all entries are as they were signed; the tiles named above can be "
			    "made again from them");
	} else if (t->damaged && p->tiles_known && digest_equal(&p->tiles, signed_root)) {
		defects_remark(t->defects, "checkpoint",
		    "the tiles lead to the signed root: the entries named above are missing, not "
		    "readable, or not the ones that were signed");
	} else if (p->entries_known) {
		digest_to_hex(&p->entries, found);
		note_defect(t, ERR_PROOF);
		defects_add(t->defects, OUTCOME_BAD, "checkpoint",
		    "expected the signed root %s, the entries lead to %s", expected, found);
	} else {
		defects_remark(t->defects, "checkpoint",
		    "whether the rest leads to the signed root %s cannot be told", expected);
	}
}

/* What is not there, or cannot be read, may be on its way. */
static void
note_defect(struct tree_check *t, enum err e)
{
	t->damaged = true;
	t->wrong = t->wrong || (e != ERR_NOT_FOUND && outcome_of_error(e) == OUTCOME_BAD);
}

/* The hashes of its unfinished tile. */
static enum err
resume_level(struct tree_check *t, const struct log_reader *l, unsigned level)
{
	const uint64_t hashes = level == 0 ? t->size : t->size >> (TILE_HEIGHT * level);
	struct level *to = &t->level[level];
	enum err e = ERR_OK;

	*to = (struct level){.tile = hashes / TILE_WIDTH, .count = (unsigned)(hashes % TILE_WIDTH)};
	if (to->count > 0)
		e = log_read_tile(l, level, to->tile, &t->tile);
	for (unsigned i = 0; i < to->count && e == ERR_OK; i++) {
		memcpy(
		    to->entries.hash[i].bytes, t->tile.data + (size_t)i * DIGEST_SIZE, DIGEST_SIZE);
		to->tiles.hash[i] = to->entries.hash[i];
		to->entries.known[i] = to->tiles.known[i] = true;
	}
	return e;
}

/* The root that what is known of the right edge leads to. */
static void
fold_edge(const struct tree_check *t, struct digest *root)
{
	struct side side;
	struct digest carry;
	bool has_carry = false;

	for (unsigned level = 0; level < LEVELS; level++) {
		unsigned count = t->level[level].count;

		if (count == 0)
			continue;
		side = t->level[level].entries;
		if (has_carry) {
			side.hash[count] = carry;
			side.known[count++] = true;
		}
		(void)fold_side(&side, count, &carry);
		has_carry = true;
	}
	if (has_carry)
		*root = carry;
	else
		merkle_empty_root(root);
}

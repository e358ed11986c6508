#include "auditor/fsck.h"

#include <string.h>

#include "auditor/chains.h"
#include "auditor/leftovers.h"
#include "auditor/log_reader.h"
#include "auditor/progress.h"
#include "proto/merkle.h"
#include "proto/tile.h"

/* Named one by one; a log that is damaged all over needs no longer list. */
#define FAULTS_MAX 20

struct check {
	struct log_reader log;
	struct chains *chains; /* NULL unless asked for */
	struct progress progress;
	struct buf tile, parent, entries;
	uint64_t parent_index; /* of the tile in `parent` */
	bool has_parent;
	uint64_t faults;
	bool unknown; /* a file could not be read: absence proves nothing */
	uint64_t tiles, leaves;
	struct merkle_frontier frontier; /* from the tiles' own hashes */
};

static void check_level(struct check *c, unsigned level);
static void check_tile(struct check *c, unsigned level, uint64_t index);
static void check_entries(struct check *c, uint64_t index);
static void check_parent(struct check *c, unsigned level, uint64_t index);
static void check_root(struct check *c);
static void keep_frontier(struct check *c, unsigned level);
static void tile_subtree(const struct buf *tile, size_t first, size_t count, struct digest *out);
static void fault(struct check *c, enum err e, const char *path, uint64_t index, const char *what);

enum outcome
fsck(const char *directory, const char *certificate, const char *origin, bool reports)
{
	struct check c;
	enum outcome outcome;
	enum err e;

	memset(&c, 0, sizeof(c));
	printf("%s\n", directory);
	if ((e = log_open(&c.log, directory, certificate, origin)) != ERR_OK) {
		say("verdict", "%s", outcome_text(outcome_of(e)));
		return outcome_of(e);
	}
	if (reports)
		c.chains = chains_new(c.log.checkpoint.origin);
	progress_begin(&c.progress, c.log.checkpoint.size);
	for (unsigned level = 0; level <= TILE_LEVEL_MAX; level++)
		check_level(&c, level);
	progress_end(&c.progress);
	check_root(&c);
	leftovers_check(&c.log, &c.faults, FAULTS_MAX);
	say("checked", "%llu reports, %llu tiles%s", (unsigned long long)c.leaves,
	    (unsigned long long)c.tiles, reports ? ", every report and chain" : "");
	if (c.faults > FAULTS_MAX)
		say("faults", "%llu; the first %d are named", (unsigned long long)c.faults,
		    FAULTS_MAX);
	outcome = c.faults > 0 ? OUTCOME_BAD : c.unknown ? OUTCOME_UNKNOWN : OUTCOME_GOOD;
	say("verdict", "%s", outcome_text(outcome));
	chains_free(&c.chains);
	buf_free(&c.tile);
	buf_free(&c.parent);
	buf_free(&c.entries);
	return outcome;
}

static void
check_level(struct check *c, unsigned level)
{
	uint64_t count = tile_count(level, c->log.checkpoint.size);

	c->has_parent = false;
	for (uint64_t index = 0; index < count; index++) {
		buf_clear(&c->tile);
		check_tile(c, level, index);
	}
	keep_frontier(c, level);
}

static void
check_tile(struct check *c, unsigned level, uint64_t index)
{
	char path[TILE_PATH_SIZE];
	enum err e = log_read_tile(&c->log, level, index, &c->tile);

	c->tiles++;
	if (e != ERR_OK) {
		tile_path(level, index, tile_width(level, index, c->log.checkpoint.size), path);
		fault(c, e, path, index, "expected the tile's hashes");
		buf_clear(&c->tile);
	}
	if (level == 0)
		check_entries(c, index);
	if (c->tile.size == TILE_WIDTH * DIGEST_SIZE && level < TILE_LEVEL_MAX)
		check_parent(c, level, index);
}

/* Every entry must hash to its leaf; the bundle must end with its last entry. */
static void
check_entries(struct check *c, uint64_t index)
{
	unsigned width = tile_width(0, index, c->log.checkpoint.size);
	struct view rest, entry;
	struct digest leaf;
	char path[TILE_PATH_SIZE];
	enum err e;

	buf_clear(&c->entries);
	tile_entries_path(index, width, path);
	if ((e = log_read_entries(&c->log, index, &c->entries)) != ERR_OK) {
		fault(c, e, path, index * TILE_WIDTH, "expected the entries");
		return;
	}
	rest = buf_view(&c->entries);
	for (unsigned i = 0; i < width; i++) {
		uint64_t number = index * TILE_WIDTH + i;

		if ((e = tile_entry_next(&rest, &entry)) != ERR_OK) {
			fault(c, e, path, number, "expected an entry behind its length");
			return;
		}
		merkle_leaf(entry, &leaf);
		if (c->tile.size >= ((size_t)i + 1) * DIGEST_SIZE &&
		    memcmp(c->tile.data + (size_t)i * DIGEST_SIZE, leaf.bytes, DIGEST_SIZE) != 0)
			fault(c, ERR_DIGEST, path, number, "the entry does not hash to its leaf");
		c->leaves++;
		if (c->chains != NULL && (e = chains_check(c->chains, entry, number)) != ERR_OK)
			fault(c, e, path, number, chains_reason(c->chains));
	}
	progress_at(&c->progress, c->leaves);
	/* The full bundle may stand in for a partial one; otherwise nothing may follow. */
	if (rest.size > 0 && width == TILE_WIDTH)
		fault(c, ERR_MSG_TRAILING, path, index * TILE_WIDTH, "bytes follow the last entry");
}

/* The root of a full tile stands in the tile above. */
static void
check_parent(struct check *c, unsigned level, uint64_t index)
{
	uint64_t parent = index / TILE_WIDTH;
	size_t at = (size_t)(index % TILE_WIDTH) * DIGEST_SIZE;
	char path[TILE_PATH_SIZE];
	struct digest root;

	if (!c->has_parent || c->parent_index != parent) {
		buf_clear(&c->parent);
		/* A parent that cannot be read is reported when its own level is checked. */
		if (log_read_tile(&c->log, level + 1, parent, &c->parent) != ERR_OK)
			buf_clear(&c->parent);
		c->has_parent = true;
		c->parent_index = parent;
	}
	if (c->parent.size < at + DIGEST_SIZE)
		return;
	tile_subtree(&c->tile, 0, TILE_WIDTH, &root);
	if (memcmp(c->parent.data + at, root.bytes, DIGEST_SIZE) == 0)
		return;
	tile_path(level, index, TILE_WIDTH, path);
	fault(c, ERR_DIGEST, path, index, "the tile's root is not the hash in the tile above");
}

/* The last tile of a level has the complete subtrees that the root is made of. */
static void
keep_frontier(struct check *c, unsigned level)
{
	uint64_t size = c->log.checkpoint.size;
	size_t used = 0;

	/* The tile that was read last is the partial one, or there is none and nothing to keep. */
	for (unsigned height = TILE_HEIGHT; height-- > 0;) {
		unsigned at = level * TILE_HEIGHT + height;
		size_t hashes = (size_t)1 << height;

		if (at >= MERKLE_LEVEL_MAX || (size >> at & 1) == 0)
			continue;
		if (c->tile.size >= (used + hashes) * DIGEST_SIZE)
			tile_subtree(&c->tile, used, hashes, &c->frontier.node[at]);
		used += hashes;
	}
	c->frontier.size = size;
}

static void
check_root(struct check *c)
{
	struct digest root;

	merkle_frontier_root(&c->frontier, &root);
	if (digest_equal(&root, &c->log.checkpoint.root))
		say("root", "good: the tiles give the checkpoint's root");
	else if (!c->unknown || c->faults > 0)
		fault(c, ERR_DIGEST, "checkpoint", c->log.checkpoint.size,
		    "the tiles do not give the checkpoint's root");
}

static void
tile_subtree(const struct buf *tile, size_t first, size_t count, struct digest *out)
{
	struct merkle_frontier f;
	struct digest hash;

	merkle_frontier_init(&f);
	for (size_t i = first; i < first + count; i++) {
		memcpy(hash.bytes, tile->data + i * DIGEST_SIZE, DIGEST_SIZE);
		merkle_frontier_append(&f, &hash);
	}
	merkle_frontier_root(&f, out);
}

/* A file that is missing or unreadable leaves the log unproved, not disproved. */
static void
fault(struct check *c, enum err e, const char *path, uint64_t index, const char *what)
{
	if (outcome_of(e) == OUTCOME_UNKNOWN) {
		c->unknown = true;
		say_fault(
		    "unreadable", e, "%s, index %llu: %s", path, (unsigned long long)index, what);
		return;
	}
	if (++c->faults <= FAULTS_MAX)
		say_fault("fault", e, "%s, index %llu: %s", path, (unsigned long long)index, what);
}

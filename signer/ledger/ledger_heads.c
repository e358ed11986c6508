/*
 * Recovery reads entries: the newest bundle at every start, and for the heads of all chains those
 * that the index has not seen.
 *
 * For the heads they are read backwards: the first report found of a workload is its newest, and
 * only that one is taken apart; of the others it is enough to see whose they are. None is taken
 * unseen: the entries of a bundle must hash to what the tiles have for it, so a bit that rotted
 * anywhere among them is found and named. The newest bundle is read even if the index has seen it:
 * the next publication writes its entries again, into a wider one.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/report/report.h"
#include "proto/report/report_peek.h"
#include "proto/tlog/tile.h"
#include "signer/ledger/ledger_state.h"

/* Bytes: an identity of 512, a name of 128, and room. */
#define NAME_SIZE_MAX 1024

/* One bundle and what is known of it. */
struct replay {
	struct ledger *ledger;
	struct store_tree tree;
	struct buf bytes;
	struct view entry[TILE_WIDTH];
	struct digest node[TILE_WIDTH];
};

static struct replay *replay_new(struct ledger *l);
static void replay_free(struct replay *r);
static enum err replay_bundle(struct replay *r, uint64_t tile, uint64_t from);
static enum err read_bundle(struct replay *r, uint64_t tile);
static enum err check_bundle(struct replay *r, uint64_t tile, unsigned width);
static enum err replay_newest(struct replay *r, struct view entry, uint64_t index);
static void move_head(
    struct workload *w, const struct report *r, struct view bytes, uint64_t index);

enum err
ledger_check_newest_bundle(struct ledger *l)
{
	struct replay *r;
	enum err e;

	if (l->published_size == 0)
		return ERR_OK;
	if ((r = replay_new(l)) == NULL)
		return ERR_MEMORY;
	e = read_bundle(r, (l->published_size - 1) / TILE_WIDTH);
	replay_free(r);
	return e;
}

/* The newest bundle first; `from` is the first report that the index has not seen. */
enum err
ledger_replay_tiles(struct ledger *l, uint64_t from)
{
	struct replay *r = replay_new(l);
	uint64_t tile = tile_count(0, l->published_size);
	enum err e = r == NULL ? ERR_MEMORY : ERR_OK;

	while (e == ERR_OK && tile > from / TILE_WIDTH)
		e = replay_bundle(r, --tile, from);
	replay_free(r);
	return e;
}

static struct replay *
replay_new(struct ledger *l)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->ledger = l;
	r->tree = (struct store_tree){l->store, l->published_size};
	r->bytes = BUF_INIT;
	return r;
}

static void
replay_free(struct replay *r)
{
	if (r != NULL)
		buf_free(&r->bytes);
	free(r);
}

static enum err
replay_bundle(struct replay *r, uint64_t tile, uint64_t from)
{
	const unsigned width = tile_width(0, tile, r->tree.size);
	enum err e = read_bundle(r, tile);

	for (unsigned i = width; e == ERR_OK && i > 0; i--) {
		uint64_t index = tile * TILE_WIDTH + i - 1;

		if (index < from)
			break;
		e = replay_newest(r, r->entry[i - 1], index);
		if (e != ERR_OK && e != ERR_MEMORY)
			e = store_damaged(r->ledger->store, index,
			    "expected a readable report at this index of the entry bundles");
	}
	return e;
}

/* Its entries, if they are those that the tiles have; if not, that has been said. */
static enum err
read_bundle(struct replay *r, uint64_t tile)
{
	const unsigned width = tile_width(0, tile, r->tree.size);
	struct view rest;
	enum err e;

	buf_clear(&r->bytes);
	e = store_read_entries(&r->tree, tile, &r->bytes);
	rest = buf_view(&r->bytes);
	for (unsigned i = 0; e == ERR_OK && i < width; i++)
		e = tile_entry_next(&rest, &r->entry[i]);
	if (e == ERR_OK)
		e = check_bundle(r, tile, width);
	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	return store_damaged(r->ledger->store, tile * TILE_WIDTH,
	    "expected the entries from this index on to be those that the tiles have hashes of");
}

static enum err
check_bundle(struct replay *r, uint64_t tile, unsigned width)
{
	struct digest expected;
	enum err e = ERR_OK;

	merkle_leaves(r->entry, width, r->node);
	/* A full one by the one node above it, else leaf by leaf. */
	if (width == TILE_WIDTH) {
		for (size_t count = TILE_WIDTH / 2; count > 0; count /= 2)
			merkle_nodes(r->node, count, r->node);
		e = store_read_node(&r->tree, TILE_HEIGHT, tile, &expected);
		return e != ERR_OK || digest_equal(&r->node[0], &expected) ? e : ERR_PROOF;
	}
	for (unsigned i = 0; i < width && e == ERR_OK; i++) {
		e = store_read_node(&r->tree, 0, tile * TILE_WIDTH + i, &expected);
		if (e == ERR_OK && !digest_equal(&r->node[i], &expected))
			e = ERR_PROOF;
	}
	return e;
}

static enum err
replay_newest(struct replay *r, struct view entry, uint64_t index)
{
	const struct workload *w;
	struct view collector, name;
	char identity[NAME_SIZE_MAX];

	/* What cannot be read at a glance is read as any report, and refused as any report. */
	if (report_peek(entry, &collector, &name) != ERR_OK || collector.size >= sizeof(identity))
		return ledger_replay_report(r->ledger, entry, index, NULL);
	memcpy(identity, collector.data, collector.size);
	identity[collector.size] = '\0';
	w = workload_find(r->ledger->workloads, identity, name);
	if (w != NULL && w->has_head && w->head.index > index)
		return ERR_OK;
	return ledger_replay_report(r->ledger, entry, index, NULL);
}

/* Moves the head of the report's workload; `entry`, if any, gets the update for the index. */
enum err
ledger_replay_report(struct ledger *l, struct view bytes, uint64_t index, struct batch_entry *entry)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	const struct report *r = &document.report;
	struct workload *w = NULL;
	char identity[NAME_SIZE_MAX];
	enum err e = report_parse(bytes, &document);

	if (e == ERR_OK && r->collector.size < sizeof(identity)) {
		memcpy(identity, r->collector.data, r->collector.size);
		identity[r->collector.size] = '\0';
		w = workload_get(l->workloads, identity, r->bundle.workload);
		e = w == NULL ? ERR_MEMORY : ERR_OK;
	} else if (e != ERR_MEMORY) {
		e = ERR_FORMAT;
	}
	if (e == ERR_OK) {
		move_head(w, r, bytes, index);
		if (r->issued_s > l->last_issued_s)
			l->last_issued_s = r->issued_s;
		if (entry != NULL) {
			entry->update.workload = w;
			entry->update.head = w->head;
		}
	}
	report_document_free(&document);
	return e;
}

/* Backwards, it may be an older report of a workload that has been met already. */
static void
move_head(struct workload *w, const struct report *r, struct view bytes, uint64_t index)
{
	if (w->has_head && w->head.index > index)
		return;
	w->has_head = true;
	w->head.seq = r->bundle.seq;
	w->head.time_ms = r->bundle.time_ms;
	w->head.index = index;
	w->head.last_signed_s = r->last_signed_s;
	w->head.bundle_digest = r->bundle_digest;
	digest_of(bytes.data, bytes.size, &w->head.report_digest);
}

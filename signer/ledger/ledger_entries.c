/*
 * Recovery reads entries: the newest bundle at every start, and all that the index has not seen, in
 * the order of the log. Each does to heads what it did when it was staged; what only those who
 * write notices and absences know is told them (ledger_replay.h).
 *
 * None is taken unseen: the entries of a bundle must hash to what the tiles have for it, so a bit
 * that rotted anywhere among them is found and named. The newest bundle is read even if the index
 * has seen it: the next publication writes its entries again, into a wider one.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/report/absence.h"
#include "proto/report/report.h"
#include "proto/tlog/tile.h"
#include "signer/ledger/heads/head.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/ledger/ledger_state.h"

/* One bundle and what is known of it. */
struct replay {
	struct ledger *ledger;
	struct store_tree tree;
	struct buf bytes;
	struct view entry[TILE_WIDTH];
	struct digest node[TILE_WIDTH];
};

/* An entry that is being replayed. */
struct replayed {
	struct ledger *ledger;
	struct view bytes;
	uint64_t index;
	struct batch_entry *entry; /* that is to have what it changes; NULL: the index is */
};

static struct replay *replay_new(struct ledger *l);
static void replay_free(struct replay *r);
static enum err replay_bundle(struct replay *r, uint64_t tile, uint64_t from);
static enum err read_bundle(struct replay *r, uint64_t tile);
static enum err check_bundle(struct replay *r, uint64_t tile, unsigned width);
static enum err replay_report(const struct replayed *r);
static enum err replay_absence(const struct replayed *r);
static enum err replay_absent(
    const struct replayed *r, const struct absence *a, struct batch_changes *changes);
static enum err replay_notice(const struct replayed *r);
static enum err hand_over(const struct replayed *r, struct batch_changes *changes);

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

/* `from` is the first entry that the index has not seen. */
enum err
ledger_replay_tiles(struct ledger *l, uint64_t from)
{
	struct replay *r = replay_new(l);
	enum err e = r == NULL ? ERR_MEMORY : ERR_OK;

	for (uint64_t tile = from / TILE_WIDTH;
	     e == ERR_OK && from < l->published_size && tile < tile_count(0, l->published_size);
	     tile++)
		e = replay_bundle(r, tile, from);
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

	for (unsigned i = 0; e == ERR_OK && i < width; i++)
		if (tile * TILE_WIDTH + i >= from)
			e = ledger_replay_entry(
			    r->ledger, r->entry[i], tile * TILE_WIDTH + i, NULL);
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

enum err
ledger_replay_entry(struct ledger *l, struct view bytes, uint64_t index, struct batch_entry *entry)
{
	const struct replayed r = {l, bytes, index, entry};
	enum err e = ERR_FORMAT;

	switch (entry_kind(bytes)) {
	case ENTRY_REPORT:
		e = replay_report(&r);
		break;
	case ENTRY_ABSENCE:
		e = replay_absence(&r);
		break;
	case ENTRY_NOTICE:
		e = replay_notice(&r);
		break;
	case ENTRY_UNKNOWN:
		return store_damaged(l->store, index,
		    "expected an entry of a kind that this version writes; a later version has "
		    "written to this log");
	case ENTRY_NONE:
		break;
	}
	if (err_class(e) != ERR_CLASS_FORMAT && err_class(e) != ERR_CLASS_PROOF)
		return e;
	return store_damaged(
	    l->store, index, "expected a readable entry of this log at this index");
}

static enum err
replay_report(const struct replayed *r)
{
	struct ledger *l = r->ledger;
	const struct report *report = &l->reader->report.report;
	struct workload *w;
	enum err e = report_parse(r->bytes, &l->reader->report);

	if (e != ERR_OK)
		return e;
	if ((w = workload_get(l->workloads, report->collector, report->bundle.workload)) == NULL)
		return ERR_MEMORY;
	l->last_issued_s = report->issued_s;
	if (report->bundle.offline && !w->has_head)
		return ERR_FORMAT; /* what was fresh came first */
	if (report->bundle.offline && (e = l->replay.before_gap(l->replay.context, w)) != ERR_OK)
		return e;
	w->head = head_after(w, report);
	w->has_head = true;
	w->head.index = w->head.entry_index = r->index;
	merkle_leaf(r->bytes, &w->head.entry_leaf);
	if (!report->bundle.offline)
		e = l->replay.report(l->replay.context, report, w);
	if (e == ERR_OK && r->entry != NULL)
		r->entry->update = (struct workload_update){w, w->head};
	return e;
}

static enum err
replay_absence(const struct replayed *r)
{
	struct ledger *l = r->ledger;
	const struct absence *a = &l->reader->absence.absence;
	struct batch_changes *changes;
	enum err e = absence_parse(r->bytes, &l->reader->absence);

	if (e != ERR_OK)
		return e;
	l->last_issued_s = a->issued_s;
	changes = calloc(1, sizeof(*changes) + a->count * sizeof(changes->absent[0]));
	if (changes == NULL)
		return ERR_MEMORY;
	if ((e = replay_absent(r, a, changes)) != ERR_OK) {
		free(changes);
		return e;
	}
	return hand_over(r, changes);
}

static enum err
replay_absent(const struct replayed *r, const struct absence *a, struct batch_changes *changes)
{
	struct ledger *l = r->ledger;
	struct digest leaf;
	enum err e = ERR_OK;

	merkle_leaf(r->bytes, &leaf);
	for (; changes->count < a->count && e == ERR_OK; changes->count++) {
		const struct absence_workload *absent = &a->absent[changes->count];
		struct workload *w = workload_find(l->workloads, a->collector, absent->workload);

		if (w == NULL || !w->has_head)
			return ERR_FORMAT; /* nobody who never reported is absent */
		w->head.entry_index = r->index;
		w->head.entry_leaf = leaf;
		w->head.due = due_with_count(w->head.due, absent->count);
		verdict_falls_silent(&w->head, a->issued_s);
		e = l->replay.absence(l->replay.context, a->issued_s, w);
		changes->absent[changes->count] = (struct workload_update){w, w->head};
	}
	return e;
}

static enum err
replay_notice(const struct replayed *r)
{
	struct ledger *l = r->ledger;
	const struct notice *n = &l->reader->notice.notice;
	struct batch_changes *changes;
	enum err e = notice_parse(r->bytes, &l->reader->notice);

	if (e != ERR_OK)
		return e;
	l->last_issued_s = n->issued_s;
	if ((changes = calloc(1, sizeof(*changes))) == NULL)
		return ERR_MEMORY;
	changes->notice = (struct notice_row){.index = r->index,
	    .issued_s = n->issued_s,
	    .from_s = notice_row_from_s(n),
	    .kind = n->kind,
	    .in_force = n->in_force,
	    .subject = notice_row_subject(n)};
	merkle_leaf(r->bytes, &changes->notice.leaf);
	ledger_succession_note(l, &changes->notice);
	if ((e = l->replay.notice(l->replay.context, &changes->notice)) != ERR_OK) {
		free(changes);
		return e;
	}
	return hand_over(r, changes);
}

/* Of a pending entry they go with its batch; else the index gets them at once. */
static enum err
hand_over(const struct replayed *r, struct batch_changes *changes)
{
	if (r->entry != NULL) {
		batch_entry_own(r->ledger->written, r->entry, NULL, changes);
	} else {
		if (changes->count == 0)
			index_changes_notice(&r->ledger->unindexed, &changes->notice);
		free(changes);
	}
	return ERR_OK;
}

/*
 * Recovery: from what lies on the disk to a ledger that can go on.
 *
 *   1. `checkpoint` names the published size and root; none: the log is new
 *   2. the frontier of that tree is read from the tiles, and must give that root; the entries of
 *      the newest bundle must give its leaves (ledger_entries.c)
 *   3. the pending files are read in order (store.h)
 *   4. heads of chains and notices: from the index, if it speaks of a state of this log; then from
 *      the entries after that, out of tiles (ledger_entries.c) and pending files. This repairs or
 *      replaces a missing index.
 *
 * What was pending becomes one batch in `written`, left open until the key process has told the
 * guard's state (ledger_sign.c); it then goes the way of every other batch.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/report/entry_issued.h"
#include "proto/tlog/checkpoint.h"
#include "signer/ledger/ledger_state.h"

/* Heads of entries from `from` on go to the index. */
struct catch_up {
	struct log_index *index;
	uint64_t from;
};

static enum err recover(struct ledger *l, struct log_index *index);
static enum err read_checkpoint(struct ledger *l, struct checkpoint *c);
static enum err read_frontier(struct ledger *l, const struct checkpoint *c);
static enum err take_pending(void *context, struct view entry);
static enum err load_entries(struct ledger *l, struct log_index *index);
static enum err on_indexed_notice(void *context, const struct notice_row *row);
static enum err load_pending(struct ledger *l);
static enum err load_head(
    void *context, const char *collector, const char *name, const struct chain_head *head);
static enum err index_catch_up(struct ledger *l, struct log_index *index, uint64_t from);
static enum err put_head(void *context, struct workload *w);
static bool index_is_of_this_log(struct ledger *l, const struct index_state *state);
static enum err read_last_issued(struct ledger *l);

enum err
ledger_recover(struct ledger *l, struct log_index *index)
{
	enum err e;

	if ((l->reader = calloc(1, sizeof(*l->reader))) == NULL)
		return ERR_MEMORY;
	e = recover(l, index);
	report_document_free(&l->reader->report);
	absence_document_free(&l->reader->absence);
	notice_document_free(&l->reader->notice);
	free(l->reader);
	l->reader = NULL;
	return e;
}

static enum err
recover(struct ledger *l, struct log_index *index)
{
	struct checkpoint c = {.size = 0};
	struct merkle_frontier grown;
	struct logline line;
	enum err e;

	if ((e = read_checkpoint(l, &c)) != ERR_OK || (e = read_frontier(l, &c)) != ERR_OK ||
	    (e = ledger_check_newest_bundle(l)) != ERR_OK)
		return e;
	l->written = batch_new(c.size);
	if (l->written == NULL)
		return ERR_MEMORY;
	grown = l->signed_head;
	if ((e = store_recover(l->store, &grown, take_pending, l)) != ERR_OK)
		return e;
	batch_hash(l->written);
	if ((e = load_entries(l, index)) != ERR_OK || (e = ledger_succession_recover(l)) != ERR_OK)
		return e;
	if ((e = read_last_issued(l)) != ERR_OK)
		return e;
	l->head = grown;
	l->open = batch_new(grown.size);
	if (l->open == NULL)
		return ERR_MEMORY;
	logline_begin(&line, LOGGER_INFO, "recovered");
	logline_number(&line, "published", l->published_size);
	logline_number(&line, "pending", l->written->count);
	logline_number(&line, "workloads", workload_count(l->workloads));
	logline_number(&line, "evidence", evidence_count(l->evidence));
	logline_end(&line);
	if (l->written->count == 0)
		batch_free(&l->written);
	return ERR_OK;
}

static enum err
read_checkpoint(struct ledger *l, struct checkpoint *c)
{
	struct note n;
	enum err e = store_read_checkpoint(l->store, &l->published_note);

	if (e == ERR_NOT_FOUND) {
		merkle_empty_root(&c->root);
		e = ERR_OK;
	} else if (e == ERR_OK || e == ERR_FORMAT_SIZE) {
		if (e != ERR_OK || note_parse(buf_view(&l->published_note), &n) != ERR_OK ||
		    checkpoint_parse(n.text, c) != ERR_OK)
			e = store_damaged_checkpoint(l->store, "expected a signed checkpoint");
		else if (strcmp(c->origin, l->config->log_origin) != 0)
			e = store_damaged_checkpoint(
			    l->store, "its origin is not the configured log.origin");
		l->published_size = c->size;
	}
	return e;
}

static enum err
read_frontier(struct ledger *l, const struct checkpoint *c)
{
	struct store_tree tree = {l->store, c->size};
	struct digest root;
	enum err e;

	e = merkle_read_frontier(c->size, store_read_node, &tree, &l->signed_head);
	if (e != ERR_OK)
		return store_damaged(
		    l->store, c->size, "the tiles that the checkpoint relies on cannot be read");
	merkle_frontier_root(&l->signed_head, &root);
	if (!digest_equal(&root, &c->root))
		return store_damaged(
		    l->store, c->size, "the tiles do not give the checkpoint's root");
	return ERR_OK;
}

static enum err
take_pending(void *context, struct view entry)
{
	struct ledger *l = context;
	struct batch_entry *added;

	buf_append_view(batch_entry_begin(l->written), entry);
	return batch_entry_end(l->written, &added);
}

static enum err
load_entries(struct ledger *l, struct log_index *index)
{
	struct index_state state;
	enum err e = ERR_OK;

	index_state(index, &state);
	if (state.log_size > 0 && index_is_of_this_log(l, &state)) {
		e = index_each_workload(index, load_head, l);
		if (e == ERR_OK)
			e = index_each_notice(index, on_indexed_notice, l);
	} else {
		if (state.log_size > 0 || l->published_size > 0)
			logger_say(LOGGER_WARNING, "index-rebuild",
			    "the index does not belong to this log; it is made again from %" PRIu64
			    " entries",
			    l->published_size);
		state.log_size = 0;
		e = index_clear_log(index);
	}
	if (e == ERR_OK)
		e = ledger_replay_tiles(l, state.log_size);
	if (e == ERR_OK && state.log_size < l->published_size)
		e = index_catch_up(l, index, state.log_size);
	if (e == ERR_OK)
		e = load_pending(l);
	return e == ERR_OK ? l->replay.done(l->replay.context) : e;
}

static enum err
on_indexed_notice(void *context, const struct notice_row *row)
{
	struct ledger *l = context;

	ledger_succession_note(l, row);
	return l->replay.notice(l->replay.context, row);
}

static enum err
load_pending(struct ledger *l)
{
	struct batch *b = l->written;
	enum err e = ERR_OK;

	for (size_t i = 0; i < b->count && e == ERR_OK; i++) {
		e = ledger_replay_entry(l, batch_entry_view(b, i), b->first + i, &b->entry[i]);
		l->unpublished_bytes += b->entry[i].size;
	}
	return e;
}

static enum err
load_head(void *context, const char *collector, const char *name, const struct chain_head *head)
{
	struct ledger *l = context;
	struct workload *w =
	    workload_get(l->workloads, view_of_string(collector), view_of_string(name));

	if (w == NULL)
		return ERR_MEMORY;
	w->head = *head;
	w->has_head = true;
	return ERR_OK;
}

/* Writes what was read from the tiles: the index must hold for the published log. */
static enum err
index_catch_up(struct ledger *l, struct log_index *index, uint64_t from)
{
	struct catch_up c = {index, from};
	struct index_state state = {.log_size = l->published_size};
	struct index_state old;
	enum err e;

	index_state(index, &old);
	state.pack = old.pack;
	state.pack_offset = old.pack_offset;
	merkle_frontier_root(&l->signed_head, &state.log_root);
	if ((e = index_begin(index)) != ERR_OK)
		return e;
	e = workload_each(l->workloads, put_head, &c);
	for (size_t i = 0; i < l->unindexed.notice_count && e == ERR_OK; i++)
		e = index_put_notice(index, &l->unindexed.notice[i]);
	index_changes_free(&l->unindexed);
	return e == ERR_OK ? index_commit(index, &state) : e;
}

static enum err
put_head(void *context, struct workload *w)
{
	const struct catch_up *c = context;

	if (!w->has_head || w->head.entry_index < c->from)
		return ERR_OK;
	return index_put_workload(
	    c->index, w->collector->identity, workload_name_text(w), &w->head);
}

static bool
index_is_of_this_log(struct ledger *l, const struct index_state *state)
{
	struct store_tree tree = {l->store, l->published_size};
	struct merkle_frontier f;
	struct digest root;

	if (state->log_size > l->published_size ||
	    merkle_read_frontier(state->log_size, store_read_node, &tree, &f) != ERR_OK)
		return false;
	merkle_frontier_root(&f, &root);
	return digest_equal(&root, &state->log_root);
}

/* Entries that were pending have said it already; else the newest published one is asked. */
static enum err
read_last_issued(struct ledger *l)
{
	struct store_tree tree = {l->store, l->published_size};
	struct buf bytes = BUF_INIT;
	enum err e;

	if (l->published_size == 0 || l->last_issued_s > 0)
		return ERR_OK;
	e = store_read_entry(&tree, l->published_size - 1, &bytes);
	if (e == ERR_OK)
		e = entry_issued(buf_view(&bytes), &l->last_issued_s);
	buf_free(&bytes);
	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	return store_damaged(l->store, l->published_size - 1,
	    "expected a readable entry at this index of the entry bundles");
}

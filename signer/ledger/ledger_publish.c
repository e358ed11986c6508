/*
 * The ledger and the disk's public side: what is sealed goes to the publisher, and old reports are
 * served from the tiles.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/tlog/checkpoint.h"
#include "signer/ledger/ledger_state.h"

static enum err read_published(
    const struct ledger *l, uint64_t index, struct buf *report, struct merkle_proof *proof);
static enum err verify_published(
    const struct ledger *l, uint64_t index, struct view report, const struct merkle_proof *proof);
static void on_timer(uv_timer_t *timer);
static void collect_changes(struct ledger *l, const struct batch *last, struct publish_job *job);

void
ledger_publish_start(struct ledger *l)
{
	uv_timer_start(&l->publish_timer, on_timer, LEDGER_PUBLISH_MS, LEDGER_PUBLISH_MS);
}

void
ledger_publish_add(struct ledger *l, struct batch *b)
{
	b->next = NULL;
	if (l->sealed_last != NULL)
		l->sealed_last->next = b;
	else
		l->sealed_first = b;
	l->sealed_last = b;
}

/* Hands over everything sealed, if `now` or if it is much. One job at a time. */
void
ledger_publish_advance(struct ledger *l, bool now)
{
	struct publish_job job = {0};
	const struct batch *last = l->sealed_last;

	if (l->failed || l->publishing != NULL || last == NULL || last->note.size == 0)
		return;
	if (!now && last->first + last->count - l->published_size < LEDGER_PUBLISH_REPORTS)
		return;
	l->publishing = l->sealed_first; /* moved */
	l->sealed_first = NULL;
	l->sealed_last = NULL;
	l->publishing_size = last->first + last->count;
	buf_clear(&l->publishing_note);
	buf_append_view(&l->publishing_note, buf_view(&last->note));
	if (buf_status(&l->publishing_note) != ERR_OK) {
		ledger_fail(l, "out-of-memory", "no memory to publish a checkpoint");
		return;
	}
	job.batches = l->publishing;
	job.hurried = l->publishing_size - l->published_size > LEDGER_PUBLISH_BEHIND;
	job.note = buf_view(&l->publishing_note);
	collect_changes(l, last, &job);
	/* Is no batch on its way behind it? */
	store_retire_begin(l->store, l->publishing_size,
	    l->writing == NULL && l->written == NULL && l->signing == NULL);
	publisher_submit(l->publisher, &job);
}

void
ledger_publish_done(struct ledger *l, enum err result)
{
	struct batch *b, *next;
	struct buf note;

	if (result != ERR_OK) {
		ledger_fail(l, "publish-failed",
		    "the log's tiles could not be written; the signer stops, and recovers when it "
		    "is "
		    "started again");
		return;
	}
	l->published_size = l->publishing_size;
	note = l->published_note;
	l->published_note = l->publishing_note;
	l->publishing_note = note;
	l->counters->publications++;
	for (b = l->publishing; b != NULL; b = next) {
		next = b->next;
		for (size_t i = 0; i < b->count; i++)
			l->unpublished_bytes -= b->entry[i].size;
		batch_move(b, BATCH_PUBLISHED);
		ledger_batch_give(l, b);
	}
	l->publishing = NULL;
	store_retire_end(l->store);
	index_changes_free(&l->publishing_changes);
}

/*
 * The receipt of a published report, under the published checkpoint, read from the tiles: at once,
 * or with a token.
 */
enum err
ledger_answer_published(
    struct ledger *l, const struct workload *w, const struct ledger_wanted *wanted)
{
	uint64_t index = w->head.index;
	struct merkle_proof proof;
	struct buf report = BUF_INIT;
	struct ledger_receipt receipt = {.index = index,
	    .workload = w,
	    .seq = w->head.seq,
	    .proof = &proof,
	    .note = buf_view(&l->published_note)};
	enum err e =
	    index < l->published_size ? read_published(l, index, &report, &proof) : ERR_BUSY;

	receipt.report = buf_view(&report);
	if (e == ERR_OK && ledger_tokens_may_ask(l, wanted->tokens, receipt.report))
		e = ledger_tokens_again(l, &receipt, l->published_size, wanted);
	else if (e == ERR_OK)
		l->events.receipt(wanted->waiter, &receipt, wanted->arrived_us);
	buf_free(&report);
	return e;
}

/* Written years ago perhaps: what has rotted since then gives no receipt. */
static enum err
read_published(
    const struct ledger *l, uint64_t index, struct buf *report, struct merkle_proof *proof)
{
	struct store_tree tree = {l->store, l->published_size};
	enum err e = store_read_entry(&tree, index, report);

	if (e == ERR_OK)
		e = merkle_prove_inclusion(l->published_size, index, store_read_node, &tree, proof);
	if (e == ERR_OK)
		e = verify_published(l, index, buf_view(report), proof);
	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	store_say_damaged(l->store, index,
	    "expected the entry at this index, and tiles that lead from it to the checkpoint's "
	    "root");
	return ERR_IO; /* whatever is wrong with the files, it is not the peer's fault */
}

static enum err
verify_published(
    const struct ledger *l, uint64_t index, struct view report, const struct merkle_proof *proof)
{
	struct checkpoint c;
	struct digest leaf;
	struct note n;
	enum err e = note_parse(buf_view(&l->published_note), &n);

	if (e == ERR_OK)
		e = checkpoint_parse(n.text, &c);
	if (e != ERR_OK)
		return e;
	merkle_leaf(report, &leaf);
	return merkle_verify_inclusion(&leaf, index, c.size, &c.root, proof);
}

void
ledger_index_entry(struct ledger *l, const struct batch_entry *entry)
{
	const struct batch_changes *changes = entry->changes;

	if (changes == NULL)
		index_changes_head(&l->unindexed, &entry->update);
	else if (changes->count == 0)
		index_changes_notice(&l->unindexed, &changes->notice);
	for (size_t i = 0; changes != NULL && i < changes->count; i++)
		index_changes_head(&l->unindexed, &changes->absent[i]);
}

static void
on_timer(uv_timer_t *timer)
{
	ledger_publish_advance(timer->data, true);
}

static void
collect_changes(struct ledger *l, const struct batch *last, struct publish_job *job)
{
	for (const struct batch *b = l->publishing; b != NULL; b = b->next)
		for (size_t i = 0; i < b->count; i++)
			ledger_index_entry(l, &b->entry[i]);
	for (struct evidence_item *i = evidence_take_durable(l->evidence); i != NULL; i = i->staged)
		index_changes_evidence(&l->unindexed, &i->place);
	if (uv_now(l->loop) - l->indexed_ms < LEDGER_INDEX_MS && l->drained == NULL)
		return;
	l->indexed_ms = uv_now(l->loop);
	index_changes_take(&l->unindexed, &l->publishing_changes);
	job->changes = &l->publishing_changes;
	job->state.log_size = l->publishing_size;
	job->state.log_root = last->root;
	evidence_durable_end(l->evidence, &job->state.pack, &job->state.pack_offset);
}

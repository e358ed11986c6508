#include "signer/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/tlog/tile.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/ledger_state.h"

/*
 * So much slower than the disk is a token for which a batch stays open until its turn comes.
 * Written early, a report waits for three signatures at most; else for two commits and two
 * signatures, which is less as soon as a signature takes twice as long as a commit. Below 5 ms
 * there is nothing to gain: writing goes on beside signing.
 */
#define TOKEN_SLOW_FACTOR 2
#define TOKEN_SLOW_US     5000

static void advance(struct ledger *l);
static bool commit_may_start(const struct ledger *l);
static void commit_start(struct ledger *l);
static void on_committed(void *context, enum err result);
static void on_published(void *context, enum err result);
static void on_key_renewed(void *context, struct view certificates);
static void on_key_ready(
    void *context, uint64_t size, const struct digest *root, struct view certificate);
static void on_key_answered(void *context);
static enum err wait_instead(struct ledger *l, struct batch *b, struct batch_entry *entry,
    const struct ledger_wanted *wanted);
static void check_room(struct ledger *l);
static void part_closed(void *context);
static void timer_closed(uv_handle_t *handle);
static void ledger_free(struct ledger *l);
static void batches_free(struct batch *list);

enum err
ledger_open(uv_loop_t *loop, const struct signer_config *config, const struct ledger_parts *parts,
    const struct ledger_events *events, struct ledger **out)
{
	struct ledger *l = calloc(1, sizeof(*l));
	const struct keyprocess_events key_events = {.ready = on_key_ready,
	    .renewed = on_key_renewed,
	    .answer = ledger_sign_answer,
	    .answered = on_key_answered,
	    .down = ledger_sign_down,
	    .context = l};
	enum err e;

	*out = NULL;
	if (l == NULL)
		return ERR_MEMORY;
	l->loop = loop;
	l->config = config;
	l->store = parts->store;
	l->evidence = parts->evidence;
	l->workloads = parts->workloads;
	l->counters = parts->counters;
	l->replay = parts->replay;
	l->events = *events;
	l->published_note = BUF_INIT;
	l->publishing_note = BUF_INIT;
	merkle_frontier_init(&l->head);
	merkle_frontier_init(&l->signed_head);
	if ((e = ledger_recover(l, parts->index)) != ERR_OK) {
		ledger_free(l);
		return e;
	}
	if ((e = publisher_new(loop, l->store, l->published_size, parts->index, on_published, l,
		 &l->publisher)) != ERR_OK) {
		ledger_free(l);
		return e;
	}
	l->open_parts = 5;
	uv_timer_init(loop, &l->publish_timer);
	l->publish_timer.data = l;
	ledger_publish_start(l);
	ledger_sign_start(l);
	if (committer_new(loop, l->store, on_committed, l, &l->committer) != ERR_OK ||
	    keyprocess_new(loop, config, l->counters, &key_events, &l->key_process) != ERR_OK)
		abort(); /* no memory for a few hundred bytes, with threads running already */
	*out = l;
	return ERR_OK;
}

bool
ledger_has_room(struct ledger *l)
{
	bool room = ledger_entry_fits(l) && l->in_flight < l->config->limits.in_flight &&
		    evidence_held_bytes(l->evidence) < LEDGER_EVIDENCE_MAX;

	if (!room)
		l->was_full = true;
	return room;
}

const struct digest *
ledger_head_leaf(struct ledger *l, const struct workload *w)
{
	if (w->head.entry_index >= l->open->first + l->open->hashed)
		batch_hash(l->open);
	return &w->head.entry_leaf;
}

struct buf *
ledger_evidence(struct ledger *l)
{
	return &l->open->evidence;
}

enum err
ledger_receipt_again(struct ledger *l, const struct workload *w, const struct ledger_wanted *wanted)
{
	uint64_t index = w->head.index;
	enum err e = ledger_tokens_take_place(l, index, wanted);
	struct batch *b = ledger_batch_find(l, index);
	struct batch_entry *entry;

	if (e != ERR_NOT_FOUND)
		return e;
	if (b == NULL)
		return ledger_answer_published(l, w, wanted);
	/* A recovered batch may reach back before its tree's first new leaf: wait for the tiles. */
	if (b->state != BATCH_OPEN && index < merkle_batch_old_size(b->tree))
		return ERR_BUSY;
	/* Nor is there a checkpoint of its own to one that was passed over. */
	if (b->state == BATCH_SEALED && b->note.size == 0)
		return ERR_BUSY;
	entry = &b->entry[index - b->first];
	/* The publisher may be reading the batch: it is left as it is. */
	if (entry->answered)
		return ledger_answer(l, b, (size_t)(index - b->first), wanted);
	if (entry->waiter != NULL && !l->events.waiter_gone(entry->waiter))
		return ERR_IN_FLIGHT;
	return wait_instead(l, b, entry, wanted);
}

void
ledger_trust_clock(struct ledger *l, bool trusted)
{
	l->tokens.no_clock = !trusted;
}

uint64_t
ledger_last_issued_s(const struct ledger *l)
{
	return l->last_issued_s;
}

void
ledger_reconfigure(struct ledger *l, const struct signer_config *config)
{
	l->config = config;
	keyprocess_reconfigure(l->key_process, config);
}

void
ledger_turn(struct ledger *l)
{
	advance(l);
}

void
ledger_drain(struct ledger *l, void (*drained)(void *context))
{
	l->drained = drained;
	advance(l);
}

void
ledger_close(struct ledger **lp, void (*closed)(void *context), void *context)
{
	struct ledger *l = *lp;

	*lp = NULL;
	l->closed = closed;
	l->closed_context = context;
	keyprocess_close(&l->key_process, part_closed, l);
	committer_close(&l->committer, part_closed, l);
	publisher_close(&l->publisher, part_closed, l);
	uv_close((uv_handle_t *)&l->publish_timer, timer_closed);
	uv_close((uv_handle_t *)&l->ask_timer, timer_closed);
}

const struct expiry *
ledger_certificate(const struct ledger *l)
{
	return &l->certificate;
}

void
ledger_status(const struct ledger *l, struct ledger_status *out)
{
	out->size = ledger_next_index(l);
	out->signed_size = l->guard.size;
	out->published_size = l->published_size;
	out->in_flight = l->in_flight;
	out->batch_bytes = ledger_batch_bytes(l);
	out->signature_age_ms =
	    l->last_signature_ms == 0 ? UINT64_MAX : uv_now(l->loop) - l->last_signature_ms;
	out->key_process = keyprocess_state_name(l->key_process);
	out->key_process_pid = keyprocess_pid(l->key_process);
	out->key_process_end = keyprocess_end(l->key_process);
}

/* Moves every batch as far as it can go. Called after anything that may have freed a place. */
static void
advance(struct ledger *l)
{
	if (l->failed)
		return;
	ledger_sign_advance(l);
	if (commit_may_start(l))
		commit_start(l);
	ledger_publish_advance(l, l->drained != NULL || l->tokens.want_publication);
	check_room(l);
	if (l->drained != NULL && l->in_flight == 0 && l->open->count == 0 && l->writing == NULL &&
	    l->written == NULL && l->signing == NULL && l->sealed_first == NULL &&
	    l->publishing == NULL) {
		void (*drained)(void *context) = l->drained;

		l->drained = NULL;
		drained(l->events.context);
	}
}

/* For the receipt of an entry that nobody waits for any more, or nobody yet: it was recovered. */
static enum err
wait_instead(struct ledger *l, struct batch *b, struct batch_entry *entry,
    const struct ledger_wanted *wanted)
{
	const struct view wants = wanted->tokens;
	char *tokens;

	if (entry->tokens == NULL && wants.size > 0) {
		if ((tokens = view_to_string(wants)) == NULL)
			return ERR_MEMORY;
		batch_entry_own(b, entry, tokens, NULL);
		token_turns_staged(&l->tokens.turns, entry->update.workload->collector);
	}
	if (entry->waiter != NULL)
		l->events.waiter_release(entry->waiter);
	else
		l->in_flight++;
	entry->waiter = wanted->waiter;
	entry->arrived_us = wanted->arrived_us;
	return ERR_OK;
}

static void
check_room(struct ledger *l)
{
	if (!l->was_full)
		return;
	l->was_full = false;
	if (ledger_has_room(l))
		l->events.room(l->events.context);
}

/*
 * One batch may be written while another is signed, which keeps a disk busy that is the slower of
 * the two. With a slow token it would only be closed too early: what comes after it would wait for
 * three signatures. It stays open until the signature under way is there, and so two are the most.
 */
static bool
commit_may_start(const struct ledger *l)
{
	if (l->writing != NULL || l->written != NULL ||
	    (l->open->count == 0 && l->open->evidence.size == 0))
		return false;
	/* Before the notice that it waits for the key signs nothing. */
	if (ledger_awaits_succession(l) && !l->open->ends_key)
		return false;
	/* What is behind the last batch of a key is for the next one to sign. */
	if (l->signing != NULL && l->signing->ends_key)
		return false;
	return l->signing == NULL || l->drained != NULL || l->token_us <= TOKEN_SLOW_US ||
	       l->token_us <= TOKEN_SLOW_FACTOR * l->storage_us;
}

static void
commit_start(struct ledger *l)
{
	struct batch *b = l->open;
	struct store_commit_job job = {.pack = evidence_pack_path(l->evidence)};

	if (b->count > 0) {
		if (batch_seal(b, &l->head, &l->head) != ERR_OK) {
			ledger_fail(l, "out-of-memory", "no memory to seal a batch");
			return;
		}
		store_stage(l->store, b->first, buf_view(&b->bytes), &job);
	} else {
		/* Evidence alone, such as a new policy: nothing to sign. */
		batch_move(b, BATCH_WRITING);
	}
	job.evidence = buf_view(&b->evidence);
	b->began_us = uv_hrtime() / 1000;
	l->writing = b;
	l->open = ledger_batch_take(l, b->first + b->count);
	evidence_commit_begin(l->evidence);
	committer_submit(l->committer, &job);
}

static void
on_committed(void *context, enum err result)
{
	struct ledger *l = context;
	struct batch *b = l->writing;

	if (result != ERR_OK) {
		ledger_fail(l, "commit-failed",
		    "a report could not be made durable; the signer stops, and recovers when it is "
		    "started again");
		return;
	}
	l->writing = NULL;
	evidence_commit_done(l->evidence);
	buf_free(&b->evidence); /* durable; a batch that is kept for reuse must not keep it */
	l->storage_us = uv_hrtime() / 1000 - b->began_us;
	latency_add(&l->counters->storage, l->storage_us);
	if (b->count == 0) {
		batch_move(b, BATCH_PUBLISHED);
		ledger_batch_give(l, b);
	} else {
		l->counters->batches++;
		batch_move(b, BATCH_WRITTEN);
		l->written = b;
	}
	advance(l);
}

static void
on_published(void *context, enum err result)
{
	ledger_publish_done(context, result);
	advance(context);
}

static void
on_key_ready(void *context, uint64_t size, const struct digest *root, struct view certificates)
{
	ledger_sign_begin(context, size, root, certificates);
	advance(context);
}

static void
on_key_renewed(void *context, struct view certificates)
{
	ledger_certificate_renewed(context, certificates);
}

/* Once for all the answers that came together: what follows from them is then asked in one write.
 */
static void
on_key_answered(void *context)
{
	advance(context);
}

static void
part_closed(void *context)
{
	struct ledger *l = context;
	void (*closed)(void *context) = l->closed;
	void *closed_context = l->closed_context;

	if (--l->open_parts > 0)
		return;
	ledger_free(l);
	closed(closed_context);
}

static void
timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void
ledger_free(struct ledger *l)
{
	batches_free(l->open);
	batches_free(l->writing);
	batches_free(l->written);
	batches_free(l->signing);
	batches_free(l->sealed_first);
	batches_free(l->publishing);
	batches_free(l->spare);
	if (l->ready_said && !l->failed)
		store_tidy(l->store, l->published_size == l->head.size);
	ledger_tokens_free(l);
	ledger_succession_free(l);
	told_seen_free(&l->token);
	note_verifier_free(&l->verifier);
	buf_free(&l->published_note);
	buf_free(&l->publishing_note);
	index_changes_free(&l->unindexed);
	free(l);
}

static void
batches_free(struct batch *list)
{
	struct batch *next;

	for (; list != NULL; list = next) {
		next = list->next;
		batch_free(&list);
	}
}

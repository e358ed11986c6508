/*
 * The ledger and the key process: reconciling the guard with the log, checkpoints, receipts. What
 * becomes of reports that want a token is in ledger_tokens.c.
 *
 * Whenever a key process comes up, its guard is compared with the log before anything is asked:
 *
 *   guard's state                      what follows
 *   our last signed tree               normal: the next batch can be signed
 *   the batch being signed             its answer was lost: the same checkpoint is asked again
 *   (at start) older than published    the guard was restored from a copy; it is shown the
 *                                      published checkpoint, with a consistency proof from the
 *                                      tiles, and moves there; nothing is signed
 *   (at start) within what is pending  checked against the reports themselves, then normal
 *   any other                          fatal: log or guard was rolled back or rewritten
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/tlog/checkpoint.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/ledger_state.h"

/* A quarter of a second's growth has come in by then, four batches of the largest. */
#define ASK_AGAIN_MS 250

static bool published_note_verifies(struct ledger *l);
static bool guard_reconcile(struct ledger *l);
static bool reconcile_pending(struct ledger *l);
static void catch_up(struct ledger *l);
static void ask_checkpoint(struct ledger *l);
static void ask_later(struct ledger *l, struct view text);
static void on_ask_again(uv_timer_t *timer);
static void take_checkpoint(struct ledger *l, const struct keychannel_answer *answer);
static void answer_plain(struct ledger *l, struct batch *b);
static void seal(struct ledger *l);
static void send_receipt(struct ledger *l, const struct batch *b, size_t entry);
static void say_ready(struct ledger *l);

void
ledger_sign_start(struct ledger *l)
{
	uv_timer_init(l->loop, &l->ask_timer);
	l->ask_timer.data = l;
}

void
ledger_sign_advance(struct ledger *l)
{
	if (l->key_process == NULL)
		return;
	if (keyprocess_is_ready(l->key_process) && l->guard_agrees && !l->catching_up) {
		if (l->signing == NULL && l->written != NULL && !ledger_tokens_hold(l)) {
			l->signing = l->written; /* moved */
			l->written = NULL;
			batch_move(l->signing, BATCH_SIGNING);
			token_turns_checkpoint(&l->tokens.turns);
			if (ledger_awaits_succession(l) && !l->signing->ends_key)
				seal(l); /* passed over: it was pending, and nobody waits for it */
			else
				ask_checkpoint(l);
		}
		ledger_tokens_advance(l);
	}
	if (!l->failed)
		keyprocess_flush(l->key_process);
}

/* The receipt of an entry that was answered already, at once or with a token. */
enum err
ledger_answer(
    struct ledger *l, const struct batch *b, size_t entry, const struct ledger_wanted *wanted)
{
	struct ledger_receipt receipt;
	struct merkle_proof proof;

	ledger_batch_receipt(b, entry, &proof, &receipt);
	if (ledger_tokens_may_ask(l, wanted->tokens, receipt.report))
		return ledger_tokens_again(l, &receipt, b->first + b->count, wanted);
	l->events.receipt(wanted->waiter, &receipt, wanted->arrived_us);
	return ERR_OK;
}

void
ledger_sign_begin(
    struct ledger *l, uint64_t size, const struct digest *root, struct view certificates)
{
	if (l->failed)
		return;
	l->guard.size = size;
	l->guard.root = *root;
	l->guard_agrees = false;
	l->catching_up = false;
	if (!ledger_certificate_take(l, certificates) || !published_note_verifies(l) ||
	    !guard_reconcile(l))
		return;
	l->guard_agrees = true;
	ledger_tokens_restart(l, l->guard.size);
	if (l->signing != NULL)
		ask_checkpoint(l);
	say_ready(l);
}

void
ledger_sign_answer(void *context, void *about, const struct keychannel_answer *answer)
{
	struct ledger *l = context;
	struct logline line;

	if (l->failed)
		return;
	if (answer->type == KEYCHANNEL_TOKEN && answer->result == ERR_TOKEN_PROFILE) {
		ledger_tokens_refused(l, about, answer->body);
		return;
	}
	if (answer->type != KEYCHANNEL_TOKEN && answer->result == ERR_GUARD_GROWTH) {
		ask_later(l, answer->body);
		return;
	}
	if (answer->result != ERR_OK) {
		logline_begin_alarm(&line, LOGGER_ERROR, "key-process-refuses");
		logline_error(&line, answer->result);
		logline_view(&line, "text", answer->body);
		logline_number(&line, "guard_size", answer->size);
		logline_number(&line, "log_size", l->head.size);
		logline_end(&line);
		ledger_fail(l, "signing-refused",
		    "the key process refuses to sign this log; find out who changed log or guard "
		    "before starting again");
		return;
	}
	if (answer->type == KEYCHANNEL_TOKEN) {
		ledger_tokens_answer(l, about, answer->body);
		return;
	}
	/* Of a token's answer the state may be that of a checkpoint which is still being signed. */
	l->guard.size = answer->size;
	l->guard.root = answer->root;
	known_trees_add(&l->tokens.trees, answer->size);
	if (l->catching_up) {
		l->catching_up = false;
		say_ready(l);
	} else {
		take_checkpoint(l, answer);
	}
}

void
ledger_sign_down(void *context)
{
	struct ledger *l = context;

	l->guard_agrees = false;
	uv_timer_stop(&l->ask_timer); /* asked again when the next one is up */
}

static bool
published_note_verifies(struct ledger *l)
{
	struct note n;

	if (l->ready_said || l->published_note.size == 0 ||
	    (note_parse(buf_view(&l->published_note), &n) == ERR_OK &&
		(note_verify(&n, l->verifier) == ERR_OK ||
		    ledger_succession_signed(l, &n, l->published_size))))
		return true;
	ledger_fail(l, "checkpoint-foreign",
	    "the published checkpoint is not signed by the key process's key under this origin; "
	    "log.directory, log.origin and the key do not belong together");
	return false;
}

/* True if the guard is at a state from which signing can go on (or is being led there). */
static bool
guard_reconcile(struct ledger *l)
{
	const struct batch *b = l->signing;
	struct digest root;

	if (!l->ready_said)
		return reconcile_pending(l);
	merkle_frontier_root(&l->signed_head, &root);
	if (l->guard.size == l->signed_head.size && digest_equal(&l->guard.root, &root))
		return true;
	if (b != NULL && l->guard.size == b->first + b->count &&
	    digest_equal(&l->guard.root, &b->root))
		return true;
	ledger_fail(l, "guard-moved",
	    "the key process's state is neither before nor after what it was asked to sign; "
	    "someone "
	    "else uses its key or changed its state");
	return false;
}

/*
 * At start: `written` may hold what was pending, as an unsealed batch behind the published tree.
 * It is sealed here, on top of the guard's state.
 */
static bool
reconcile_pending(struct ledger *l)
{
	struct batch *b = l->written;
	struct merkle_frontier at = l->signed_head; /* the published tree */
	struct digest root;
	uint64_t end = at.size + (b != NULL ? b->count : 0);

	if (l->guard.size > end) {
		ledger_fail(l, "log-behind-guard",
		    "the key process has signed a larger log than the one on the disk; restore the "
		    "log: it was rolled back or lost its end; where nobody has the rest, since "
		    "whoever "
		    "controlled a signer kept none of it, this log is over (SECURITY.md)");
		return false;
	}
	if (l->guard.size < at.size) {
		catch_up(l);
		return !l->failed;
	}
	for (uint64_t i = 0; at.size < l->guard.size; i++)
		merkle_frontier_append(&at, &b->leaf[i]);
	merkle_frontier_root(&at, &root);
	if (!digest_equal(&root, &l->guard.root)) {
		ledger_fail(l, "log-forked",
		    "the log on the disk is not the one that the key process has signed; restore "
		    "the log: it was rewritten; or, if another log's state was put into the "
		    "guard's "
		    "directory: take that away, then hallmark-hsm adopt");
		return false;
	}
	l->signed_head = at;
	return true;
}

/* Shows the published checkpoint, which is the key's, to a guard that is older. */
static void
catch_up(struct ledger *l)
{
	struct store_tree tree = {l->store, l->published_size};
	struct keychannel_request request = {.type = KEYCHANNEL_OBSERVE,
	    .size = l->signed_head.size,
	    .note = buf_view(&l->published_note)};

	logger_say(LOGGER_WARNING, "guard-behind",
	    "the key process's state is older than the published log; it is led up to it");
	merkle_frontier_root(&l->signed_head, &request.root);
	if (merkle_prove_consistency(l->guard.size, l->signed_head.size, store_read_node, &tree,
		&request.proof) != ERR_OK) {
		ledger_fail(
		    l, "tiles-unreadable", "the log's tiles do not yield a consistency proof");
		return;
	}
	l->catching_up = true;
	keyprocess_request(l->key_process, &request, NULL);
}

static void
ask_checkpoint(struct ledger *l)
{
	struct batch *b = l->signing;
	struct keychannel_request request = {
	    .type = KEYCHANNEL_CHECKPOINT, .size = b->first + b->count, .root = b->root};

	if (ledger_succession_join(l, b) != ERR_OK) {
		ledger_fail(l, "out-of-memory", "no memory for the tree of a checkpoint");
		return;
	}
	/* Signed before, and the answer lost: from a tree to itself the proof is empty. */
	if (l->guard.size != request.size)
		merkle_batch_consistency(b->tree, &request.proof);
	if (l->guard.size != request.size && b->ends_key) {
		request.type = KEYCHANNEL_CLOSE;
		request.report = batch_entry_view(b, b->count - 1);
		merkle_batch_inclusion(b->tree, request.size - 1, &request.inclusion);
	}
	b->began_us = uv_hrtime() / 1000;
	keyprocess_request(l->key_process, &request, NULL);
}

/* More was pending than the key process signs in a moment; it is nothing that has to stop us. */
static void
ask_later(struct ledger *l, struct view text)
{
	struct logline line;

	uv_timer_start(&l->ask_timer, on_ask_again, ASK_AGAIN_MS, 0);
	if (l->growth_said)
		return;
	l->growth_said = true;
	logline_begin(&line, LOGGER_WARNING, "key-process-slows");
	logline_error(&line, ERR_GUARD_GROWTH);
	logline_view(&line, "text", text);
	logline_end(&line);
}

static void
on_ask_again(uv_timer_t *timer)
{
	struct ledger *l = timer->data;

	if (l->failed)
		return;
	ask_checkpoint(l);
	keyprocess_flush(l->key_process);
}

static void
take_checkpoint(struct ledger *l, const struct keychannel_answer *answer)
{
	struct batch *b = l->signing;
	struct checkpoint c;
	struct note n;

	if (b == NULL || b->state != BATCH_SIGNING || note_parse(answer->body, &n) != ERR_OK ||
	    checkpoint_parse(n.text, &c) != ERR_OK || c.size != b->first + b->count ||
	    !digest_equal(&c.root, &b->root) || strcmp(c.origin, l->config->log_origin) != 0) {
		ledger_fail(l, "checkpoint-wrong",
		    "the key process signed something else than it was asked; its configured "
		    "origin "
		    "must equal log.origin");
		return;
	}
	l->token_us = uv_hrtime() / 1000 - b->began_us;
	latency_add(&l->counters->token, l->token_us);
	l->counters->checkpoints++;
	l->growth_said = false;
	l->last_signature_ms = uv_now(l->loop);
	merkle_batch_frontier(b->tree, &l->signed_head);
	buf_clear(&b->note);
	buf_append_view(&b->note, answer->body);
	if (buf_status(&b->note) != ERR_OK) {
		ledger_fail(l, "out-of-memory", "no memory for a checkpoint");
		return;
	}
	if (ledger_tokens_add(l, b) != ERR_OK) {
		ledger_fail(l, "out-of-memory", "no memory for reports that wait for a JWS");
		return;
	}
	answer_plain(l, b);
	seal(l);
}

/* Receipts for all who want no token. */
static void
answer_plain(struct ledger *l, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct batch_entry *entry = &b->entry[i];

		if (entry->tokens != NULL)
			continue;
		entry->answered = true;
		if (entry->waiter != NULL && entry->changes != NULL)
			l->events.noted(entry->waiter, b->first + i);
		else if (entry->waiter != NULL)
			send_receipt(l, b, i);
	}
}

static void
seal(struct ledger *l)
{
	struct batch *b = l->signing;

	l->signing = NULL;
	batch_move(b, BATCH_SEALED);
	ledger_publish_add(l, b);
}

static void
send_receipt(struct ledger *l, const struct batch *b, size_t entry)
{
	struct ledger_receipt receipt;
	struct merkle_proof proof;

	ledger_batch_receipt(b, entry, &proof, &receipt);
	l->in_flight--;
	l->events.receipt(b->entry[entry].waiter, &receipt, b->entry[entry].arrived_us);
}

static void
say_ready(struct ledger *l)
{
	if (l->ready_said || l->catching_up)
		return;
	if (store_mend(l->store) != ERR_OK) {
		ledger_fail(l, "pending-unmended", "the newest pending file cannot be written");
		return;
	}
	if (l->written != NULL && l->written->state == BATCH_OPEN) {
		struct batch *b = l->written;
		struct merkle_frontier old = l->signed_head;

		if (batch_seal(b, &old, &l->head) != ERR_OK) {
			ledger_fail(l, "out-of-memory", "no memory to seal what was pending");
			return;
		}
		batch_move(b, BATCH_WRITTEN); /* it was read from the disk */
	}
	l->ready_said = true;
	l->events.ready(l->events.context);
}

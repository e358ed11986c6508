/*
 * The ledger's second seal: reports that are covered by a checkpoint and wait for their JWS.
 *
 * Happy path. When a batch's checkpoint is there, every report in it that wants a JWS is copied out
 * of it, with its inclusion proof and the note: the batch goes on to be published and forgotten,
 * and neither plain receipts, nor the next checkpoint, nor publication wait for a token. Here the
 * copies wait in the log's order; so many as the window allows are with the key process, which
 * answers them in any order. With the JWS the receipt leaves and the copy is freed.
 *
 * The key process takes a proof to a tree that it has seen signed: the state that it began with,
 * and the last KEYCHANNEL_TREES since; we keep the sizes of the same (known_trees.h). So a proof is
 *   - the report's own, to the tree of its batch, while that one is among them;
 *   - else, made when it is asked, to the published tree, from the tiles: after a restart of the
 *     key process, which has forgotten the trees before its state, or when more checkpoints were
 *     signed than it remembers while the report waited.
 * The published tree is itself among them soon: after a restart with the first publication that
 * reaches the state, which is then begun at once, and under any load with the next one.
 *
 * How it fails
 *   - the key process goes down: all that were asked are asked again of the next one, by the above.
 *   - it refuses one: it has another log than we (ledger_sign.c: fatal).
 *   - kill -9 of the signer: the reports are logged, their JWS is not made any more. A collector
 *     that asks again gets the receipt without one, as for any report that was answered before.
 */
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "signer/ledger/ledger_state.h"

/* Bytes behind the struct: the report, the note, the hashes of the proof, the name of the profile.
 */
struct ledger_token {
	uint64_t index;     /* of the report; key of the table, which keeps the order of adding */
	uint64_t tree_size; /* of the tree that the proof and the note are for */
	void *waiter;
	uint64_t arrived_us;
	const struct workload *workload;
	uint64_t seq;
	size_t report_size, note_size, proof_count, profile_size;
	UT_hash_handle hh;
	uint8_t bytes[];
};

static struct ledger_token *token_new(const struct batch *b, size_t entry);
static void token_proof(const struct ledger_token *t, struct merkle_proof *out);
static struct view token_report(const struct ledger_token *t);
static bool has_plain(const struct batch *b);
static bool prove(struct ledger *l, const struct ledger_token *t, struct keychannel_request *r);

enum err
ledger_tokens_add(struct ledger *l, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct batch_entry *entry = &b->entry[i];
		struct ledger_token *t;

		if (entry->token == NULL || entry->answered)
			continue;
		if ((t = token_new(b, i)) == NULL)
			return ERR_MEMORY;
		entry->waiter = NULL; /* moved */
		entry->answered = true;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_ADD(hh, l->tokens.table, index, sizeof(t->index), t);
		if (l->tokens.next == NULL)
			l->tokens.next = t;
	}
	return ERR_OK;
}

/* Asks as many as may be asked. */
void
ledger_tokens_advance(struct ledger *l)
{
	struct ledger_tokens *tokens = &l->tokens;
	struct keychannel_request request;

	tokens->want_publication = false;
	while (tokens->next != NULL && tokens->asked < LEDGER_TOKENS_WINDOW) {
		struct ledger_token *t = tokens->next;

		if (!prove(l, t, &request)) {
			tokens->want_publication = true;
			return;
		}
		tokens->next = t->hh.next;
		tokens->asked++;
		keyprocess_request(l->key_process, &request, t);
	}
}

/* The receipt of `about`, which was asked. */
void
ledger_tokens_answer(struct ledger *l, void *about, struct view jws)
{
	struct ledger_token *t = about;
	struct merkle_proof proof;
	struct ledger_receipt receipt = {.workload = t->workload,
	    .seq = t->seq,
	    .index = t->index,
	    .report = token_report(t),
	    .proof = &proof,
	    .note = {t->bytes + t->report_size, t->note_size},
	    .jws = jws};

	token_proof(t, &proof);
	l->counters->tokens++;
	l->tokens.asked--;
	l->in_flight--;
	HASH_DEL(l->tokens.table, t);
	l->events.receipt(t->waiter, &receipt, t->arrived_us);
	free(t);
}

/* A fresh key process, whose state is the tree of `size`: it has been asked nothing. */
void
ledger_tokens_restart(struct ledger *l, uint64_t size)
{
	l->tokens.next = l->tokens.table;
	l->tokens.asked = 0;
	known_trees_begin(&l->tokens.trees, size);
}

/*
 * Whether the next checkpoint had better wait: it is a signature too, and would be taken from the
 * JWS that wait already, while all that it seals would wait behind them. So a token that has more
 * to sign than it can makes few checkpoints with many reports each. One report that wants no JWS
 * ends the wait.
 */
bool
ledger_tokens_hold(const struct ledger *l)
{
	return HASH_COUNT(l->tokens.table) >= LEDGER_TOKENS_LOW && !has_plain(l->written) &&
	       !has_plain(l->writing) && !has_plain(l->open);
}

/* Lets `waiter` take the place of one that is gone; ERR_NOT_FOUND: the report is not here. */
enum err
ledger_tokens_receipt_again(struct ledger *l, uint64_t index, void *waiter, uint64_t arrived_us)
{
	struct ledger_token *t;

	HASH_FIND(hh, l->tokens.table, &index, sizeof(index), t);
	if (t == NULL)
		return ERR_NOT_FOUND;
	if (!l->events.waiter_gone(t->waiter))
		return ERR_IN_FLIGHT;
	l->events.waiter_release(t->waiter);
	t->waiter = waiter;
	t->arrived_us = arrived_us;
	return ERR_OK;
}

void
ledger_tokens_free(struct ledger *l)
{
	struct ledger_token *t, *next;

	HASH_ITER (hh, l->tokens.table, t, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(l->tokens.table, t);
		free(t);
	}
}

static struct ledger_token *
token_new(const struct batch *b, size_t i)
{
	const struct batch_entry *entry = &b->entry[i];
	struct view report = batch_entry_view(b, i);
	struct merkle_proof proof;
	struct ledger_token *t;
	size_t hashes_size, profile_size = strlen(entry->token);

	merkle_batch_inclusion(b->tree, b->first + i, &proof);
	hashes_size = proof.count * DIGEST_SIZE;
	t = malloc(sizeof(*t) + report.size + b->note.size + hashes_size + profile_size);
	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->index = b->first + i;
	t->tree_size = b->first + b->count;
	t->waiter = entry->waiter;
	t->arrived_us = entry->arrived_us;
	t->workload = entry->update.workload;
	t->seq = entry->update.head.seq;
	t->report_size = report.size;
	t->note_size = b->note.size;
	t->proof_count = proof.count;
	t->profile_size = profile_size;
	memcpy(t->bytes, report.data, report.size);
	memcpy(t->bytes + report.size, b->note.data, b->note.size);
	memcpy(t->bytes + report.size + b->note.size, proof.hash, hashes_size);
	memcpy(t->bytes + report.size + b->note.size + hashes_size, entry->token, profile_size);
	return t;
}

static void
token_proof(const struct ledger_token *t, struct merkle_proof *out)
{
	out->count = t->proof_count;
	memcpy(out->hash, t->bytes + t->report_size + t->note_size, t->proof_count * DIGEST_SIZE);
}

static struct view
token_report(const struct ledger_token *t)
{
	return (struct view){t->bytes, t->report_size};
}

static bool
has_plain(const struct batch *b)
{
	return b != NULL && b->token_count < b->count;
}

/* The request for it; false if no proof can be made before the next publication. */
static bool
prove(struct ledger *l, const struct ledger_token *t, struct keychannel_request *r)
{
	struct store_tree tree = {l->store, l->published_size};

	*r = (struct keychannel_request){.type = KEYCHANNEL_TOKEN,
	    .index = t->index,
	    .size = t->tree_size,
	    .report = token_report(t)};
	if (known_trees_has(&l->tokens.trees, t->tree_size)) {
		token_proof(t, &r->proof);
		return true;
	}
	if (t->index >= l->published_size || !known_trees_has(&l->tokens.trees, l->published_size))
		return false;
	r->size = l->published_size;
	if (merkle_prove_inclusion(r->size, t->index, store_read_node, &tree, &r->proof) !=
	    ERR_OK) {
		ledger_fail(
		    l, "tiles-unreadable", "the log's tiles do not yield an inclusion proof");
		return false;
	}
	return true;
}

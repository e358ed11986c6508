/*
 * The ledger's second seal: reports that are covered by a checkpoint and wait for their token.
 *
 * Happy path. When a batch's checkpoint is there, every report in it that wants a token is copied
 * out of it, with its inclusion proof and the note: the batch goes on to be published and
 * forgotten, and neither plain receipts, nor the next checkpoint, nor publication wait for a token.
 * Here the copies wait, and collectors take turns (token_turns.h); so many as the window allows
 * (token_window.h) are with the key process, which answers them in any order. A report that wants
 * several is asked for one after the other, and takes another turn for each. With the JWS of
 * the last one the receipt leaves and the copy is freed.
 *
 * A token that was lost is had again in the same way: the copy is taken out of the batch that is
 * not published yet, or out of the tiles, and waits behind its collector's others, one for each
 * report. Who asks again and again holds up no checkpoint.
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
 *   - it gives no token about this report, because no profile of its covers it: the receipt leaves
 *     without that one. It is counted, and said: the first, then a line a minute.
 *   - something was revoked since, which is about it: the receipt leaves without it, also where it
 *     was made by then
 *   - the report's time is over before its turn comes: nobody could use a token any more. It is not
 *     asked, and the receipt leaves without one.
 *   - it refuses one as not logged: it has another log than we (ledger_sign.c: fatal).
 *   - kill -9 of the signer: the reports are logged. A collector that asks again gets receipt and
 *     token, as for any report that was answered before.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "journal/logger.h"
#include "proto/report/report_peek.h"
#include "proto/wire/message.h"
#include "proto/wire/token_wants.h"
#include "signer/ledger/ledger_state.h"

#define SAID_MS 60000 /* between lines about refused tokens: as seldom as somebody looks */

/* Bytes behind the struct: the report, the note, the hashes of the proof, what is wanted. */
struct ledger_token {
	struct token_turn turn; /* first, so that either is found by the other */
	struct token_asked asked;
	uint64_t index;     /* of the report; key of the table, which keeps the order of adding */
	uint64_t tree_size; /* of the tree that the proof and the note are for */
	void *waiter;
	uint64_t arrived_us;
	uint64_t expires_s; /* of the report; 0: it is none */
	const struct workload *workload;
	uint64_t seq;
	bool again; /* its receipt has left before */
	size_t report_size, note_size, proof_count, wants_size;
	size_t wants_done; /* bytes of what is wanted that were asked for, and answered */
	struct buf made;   /* JWS, a NUL behind each */
	UT_hash_handle hh;
	uint8_t bytes[];
};

static enum err add(struct ledger *l, const struct ledger_receipt *receipt, uint64_t tree_size,
    const struct ledger_wanted *wanted, bool again);
static struct ledger_token *token_new(
    const struct ledger_receipt *receipt, uint64_t tree_size, const struct ledger_wanted *wanted);
static bool may_vouch(const struct ledger *l, const struct ledger_token *t);
static void go_on(struct ledger *l, struct ledger_token *t);
static void finish(struct ledger *l, struct ledger_token *t);
static size_t list_made(const struct ledger_token *t, struct view made[MESSAGE_TOKENS_MAX]);
static void token_proof(const struct ledger_token *t, struct merkle_proof *out);
static struct view token_report(const struct ledger_token *t);
static struct view token_note(const struct ledger_token *t);
static struct view token_wants(const struct ledger_token *t);
static bool next_want(const struct ledger_token *t, struct token_want *out, size_t *behind);
static void token_free(struct ledger_token *t);
static bool has_plain(const struct batch *b);
static bool prove(struct ledger *l, const struct ledger_token *t, struct keychannel_request *r);
static void say_refused(struct ledger *l, const struct ledger_token *t, struct view text);
static uint64_t wall_s(const struct ledger *l);

enum err
ledger_tokens_add(struct ledger *l, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct batch_entry *entry = &b->entry[i];
		struct ledger_wanted wanted = {
		    .waiter = entry->waiter, .arrived_us = entry->arrived_us};
		struct ledger_receipt receipt;
		struct merkle_proof proof;
		enum err e;

		if (entry->tokens == NULL || entry->answered)
			continue;
		wanted.tokens = view_of_string(entry->tokens);
		ledger_batch_receipt(b, i, &proof, &receipt);
		if ((e = add(l, &receipt, b->first + b->count, &wanted, false)) != ERR_OK)
			return e;
		token_turns_sealed(&l->tokens.turns, entry->update.workload->collector);
		entry->waiter = NULL; /* moved */
		entry->answered = true;
	}
	return ERR_OK;
}

bool
ledger_tokens_may_ask(const struct ledger *l, struct view wants, struct view report)
{
	uint64_t expires_s;

	return wants.size > 0 && report_peek_expiry(report, &expires_s) == ERR_OK &&
	       expires_s > wall_s(l);
}

/* The caller has seen that the report is not among those that wait. */
enum err
ledger_tokens_again(struct ledger *l, const struct ledger_receipt *receipt, uint64_t tree_size,
    const struct ledger_wanted *wanted)
{
	enum err e = add(l, receipt, tree_size, wanted, true);

	if (e == ERR_OK) {
		l->in_flight++;
		l->tokens.again++;
	}
	return e;
}

/* Asks as many as may be asked, and gives up those that are not worth it any more. */
void
ledger_tokens_advance(struct ledger *l)
{
	struct ledger_tokens *tokens = &l->tokens;
	const uint64_t now_s = tokens->turns.first != NULL ? wall_s(l) : 0;
	struct keychannel_request request;

	tokens->want_publication = false;
	while (tokens->turns.first != NULL && token_window_is_open(&tokens->window)) {
		struct ledger_token *t = (struct ledger_token *)(void *)tokens->turns.first;

		if (t->expires_s > now_s && !prove(l, t, &request)) {
			tokens->want_publication = true;
			return;
		}
		token_turns_take(&tokens->turns);
		if (!may_vouch(l, t)) {
			l->counters->tokens_withheld++;
			finish(l, t);
		} else if (t->expires_s > now_s) {
			token_window_ask(&tokens->window, uv_now(l->loop), &t->asked);
			keyprocess_request(l->key_process, &request, t);
		} else {
			l->counters->tokens_late++;
			finish(l, t);
		}
	}
}

/* One of those of `about`, which was asked for. */
void
ledger_tokens_answer(struct ledger *l, void *about, struct view jws)
{
	struct ledger_token *t = about;

	l->counters->tokens++;
	token_window_answer(&l->tokens.window, uv_now(l->loop), &t->asked, true);
	buf_append_view(&t->made, jws);
	buf_append(&t->made, "", 1);
	go_on(l, t);
}

void
ledger_tokens_refused(struct ledger *l, void *about, struct view text)
{
	struct ledger_token *t = about;

	l->counters->tokens_refused++;
	token_window_answer(&l->tokens.window, uv_now(l->loop), &t->asked, false);
	say_refused(l, t, text);
	go_on(l, t);
}

/* A fresh key process, whose state is the tree of `size`: it has been asked nothing. */
void
ledger_tokens_restart(struct ledger *l, uint64_t size)
{
	struct ledger_tokens *tokens = &l->tokens;

	while (tokens->turns.first != NULL)
		token_turns_take(&tokens->turns);
	for (struct ledger_token *t = tokens->table; t != NULL; t = t->hh.next)
		token_turns_add(&tokens->turns, &t->turn, t->workload->collector);
	token_window_restart(&tokens->window);
	known_trees_begin(&l->tokens.trees, size);
}

/*
 * Whether the next checkpoint had better wait: it is a signature too, and would be taken from the
 * tokens that wait already, while all that it seals would wait behind them. So a token that has
 * more to sign than it can makes few checkpoints with many reports each. One report that wants no
 * token ends the wait, and so does one of a collector that has no token waiting: a round of turns
 * after the last checkpoint, so that there is one for each that is made, or many (token_turns.h).
 * Those that are had again do not count: there is no end to them.
 */
bool
ledger_tokens_hold(const struct ledger *l)
{
	return HASH_COUNT(l->tokens.table) - l->tokens.again >= LEDGER_TOKENS_LOW &&
	       !token_turns_want_checkpoint(&l->tokens.turns) && !has_plain(l->written) &&
	       !has_plain(l->writing) && !has_plain(l->open);
}

/* Lets `waiter` take the place of one that is gone; ERR_NOT_FOUND: the report is not here. */
enum err
ledger_tokens_take_place(struct ledger *l, uint64_t index, const struct ledger_wanted *wanted)
{
	struct ledger_token *t;

	HASH_FIND(hh, l->tokens.table, &index, sizeof(index), t);
	if (t == NULL)
		return ERR_NOT_FOUND;
	if (!l->events.waiter_gone(t->waiter))
		return ERR_IN_FLIGHT;
	l->events.waiter_release(t->waiter);
	t->waiter = wanted->waiter;
	t->arrived_us = wanted->arrived_us;
	return ERR_OK;
}

void
ledger_tokens_free(struct ledger *l)
{
	struct ledger_token *t, *next;

	HASH_ITER (hh, l->tokens.table, t, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(l->tokens.table, t);
		token_free(t);
	}
}

static enum err
add(struct ledger *l, const struct ledger_receipt *receipt, uint64_t tree_size,
    const struct ledger_wanted *wanted, bool again)
{
	struct ledger_token *t = token_new(receipt, tree_size, wanted);

	if (t == NULL)
		return ERR_MEMORY;
	t->again = again;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	HASH_ADD(hh, l->tokens.table, index, sizeof(t->index), t);
	token_turns_add(&l->tokens.turns, &t->turn, t->workload->collector);
	return ERR_OK;
}

static struct ledger_token *
token_new(
    const struct ledger_receipt *receipt, uint64_t tree_size, const struct ledger_wanted *wanted)
{
	const struct view hashes = {
	    receipt->proof->hash[0].bytes, receipt->proof->count * DIGEST_SIZE};
	const struct view part[] = {receipt->report, receipt->note, hashes, wanted->tokens};
	size_t size = 0;
	struct ledger_token *t;
	uint8_t *to;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		size += part[i].size;
	if ((t = malloc(sizeof(*t) + size)) == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->index = receipt->index;
	t->tree_size = tree_size;
	t->waiter = wanted->waiter;
	t->arrived_us = wanted->arrived_us;
	t->workload = receipt->workload;
	t->seq = receipt->seq;
	t->report_size = receipt->report.size;
	t->note_size = receipt->note.size;
	t->proof_count = receipt->proof->count;
	t->wants_size = wanted->tokens.size;
	if (report_peek_expiry(receipt->report, &t->expires_s) != ERR_OK)
		t->expires_s = 0;
	to = t->bytes;
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (part[i].size > 0)
			memcpy(to, part[i].data, part[i].size);
		to += part[i].size;
	}
	return t;
}

static bool
may_vouch(const struct ledger *l, const struct ledger_token *t)
{
	return l->events.may_vouch(l->events.context, t->workload, t->index);
}

/* Its next one, if it wants more, in a turn of its own. It is not the next to be asked. */
static void
go_on(struct ledger *l, struct ledger_token *t)
{
	struct token_want want;
	size_t behind;

	if (next_want(t, &want, &behind))
		t->wants_done = behind;
	if (next_want(t, &want, &behind))
		token_turns_add(&l->tokens.turns, &t->turn, t->workload->collector);
	else
		finish(l, t);
}

/* Its receipt leaves, with what was made. It is not the next to be asked. */
static void
finish(struct ledger *l, struct ledger_token *t)
{
	struct view made[MESSAGE_TOKENS_MAX];
	struct merkle_proof proof;
	struct ledger_receipt receipt = {.workload = t->workload,
	    .seq = t->seq,
	    .index = t->index,
	    .report = token_report(t),
	    .proof = &proof,
	    .note = token_note(t),
	    .token_count = list_made(t, made),
	    .token = made};

	if (receipt.token_count > 0 && !may_vouch(l, t)) {
		l->counters->tokens_withheld += receipt.token_count;
		receipt.token_count = 0;
	}

	token_proof(t, &proof);
	l->in_flight--;
	l->tokens.again -= t->again;
	HASH_DEL(l->tokens.table, t);
	l->events.receipt(t->waiter, &receipt, t->arrived_us);
	token_free(t);
}

/* None where there was no memory for one. */
static size_t
list_made(const struct ledger_token *t, struct view made[MESSAGE_TOKENS_MAX])
{
	const char *at = (const char *)t->made.data;
	size_t count = 0;

	if (buf_status(&t->made) != ERR_OK)
		return 0;
	for (size_t rest = t->made.size; rest > 0; rest -= made[count++].size + 1) {
		made[count] = view_of_string(at);
		at += made[count].size + 1;
	}
	return count;
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

static struct view
token_note(const struct ledger_token *t)
{
	return (struct view){t->bytes + t->report_size, t->note_size};
}

static struct view
token_wants(const struct ledger_token *t)
{
	return (struct view){
	    t->bytes + t->report_size + t->note_size + t->proof_count * DIGEST_SIZE, t->wants_size};
}

/* The one that it is the turn of; `*behind`: bytes of all that are done when that one is. */
static bool
next_want(const struct ledger_token *t, struct token_want *out, size_t *behind)
{
	const struct view wants = token_wants(t);
	struct view rest = {wants.data + t->wants_done, wants.size - t->wants_done};
	const bool found = token_wants_next(&rest, out);

	*behind = wants.size - rest.size;
	return found;
}

static void
token_free(struct ledger_token *t)
{
	buf_free(&t->made);
	free(t);
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
	struct token_want want;
	size_t behind;

	if (!next_want(t, &want, &behind))
		abort(); /* it would not wait */
	*r = (struct keychannel_request){.type = KEYCHANNEL_TOKEN,
	    .index = t->index,
	    .size = t->tree_size,
	    .profile = want.profile,
	    .audience = want.audience,
	    .lifetime_s = want.lifetime_s,
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

/* A policy may ask for thousands of them, and who reads the log wants to see the rest of it. */
static void
say_refused(struct ledger *l, const struct ledger_token *t, struct view text)
{
	struct ledger_tokens *tokens = &l->tokens;
	struct token_want want;
	struct logline line;
	size_t behind;

	if (uv_now(l->loop) < tokens->silent_until_ms || !next_want(t, &want, &behind)) {
		tokens->unsaid++;
		return;
	}
	logline_begin(&line, LOGGER_WARNING, "token-refused");
	logline_string(&line, "collector", t->workload->collector->identity);
	logline_string(&line, "workload", workload_name_text(t->workload));
	logline_number(&line, "index", t->index);
	logline_view(&line, "profile", want.profile);
	if (want.audience.size > 0)
		logline_view(&line, "audience", want.audience);
	logline_view(&line, "text", text);
	if (tokens->unsaid > 0)
		logline_number(&line, "others", tokens->unsaid);
	logline_end(&line);
	tokens->unsaid = 0;
	tokens->silent_until_ms = uv_now(l->loop) + SAID_MS;
}

/* While the clock is not to be trusted every report is over. */
static uint64_t
wall_s(const struct ledger *l)
{
	struct timespec now;

	if (l->tokens.no_clock)
		return UINT64_MAX;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (uint64_t)now.tv_sec;
}

/*
 * The ledger and the change of the log's key (PROTOCOL.md, "Changing the log's key"). A key process
 * that comes up may bring the transition to a next key, which an operator has ordered.
 *
 *   1. whoever writes notices takes it (ledger_transition) and puts the key notice, the last entry
 *      of its batch (ledger_end_key); nothing is committed behind it until that batch is sealed
 *   2. the old key is asked for its last checkpoint (ledger_sign.c), answers, and ends
 *   3. the next process comes up with the new key, at the state where the old one was closed; the
 *      notice that is in the log says that this key follows
 *
 * Ended anywhere, the log knows how far it is: a notice that is pending and not signed is asked for
 * again, of the old key if its guard is open, of the new one if it is closed. A key process that
 * comes with a key which no notice names is not this log's.
 *
 * Where the log's key is lost, a process with another key brings a succession, and the statements
 * of operators that it rests on. It signs nothing before its notice is in the log, as the last
 * entry of its first tree:
 *
 *   1. what was pending is sealed, and is passed over: it has no checkpoint of its own, and is
 *      published with the next (ledger_sign.c)
 *   2. before anything is accepted whoever writes notices puts the statements and the key notice
 * into the open batch; nothing is committed before that
 *   3. the process is asked for its first checkpoint, answers, and ends; the next one comes up with
 *      the same key
 */
#include <openssl/x509.h>
#include <string.h>

#include "journal/logger.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/ledger_state.h"

static enum err read_notice(struct ledger *l, struct view entry);
static bool is_key(const struct note_verifier *v, const struct transition_key *k);

void
ledger_succession_note(struct ledger *l, const struct notice_row *row)
{
	if (row->kind != NOTICE_KEY)
		return;
	l->succession.has_notice = true;
	l->succession.index = row->index;
}

enum err
ledger_succession_recover(struct ledger *l)
{
	struct ledger_succession *s = &l->succession;
	struct store_tree tree = {l->store, l->published_size};
	struct batch *b = l->written;
	struct buf bytes = BUF_INIT;
	enum err e = ERR_OK;

	if (!s->has_notice)
		return ERR_OK;
	if (s->index >= b->first)
		buf_append_view(&bytes, batch_entry_view(b, (size_t)(s->index - b->first)));
	else
		e = store_read_entry(&tree, s->index, &bytes);
	if (e == ERR_OK)
		e = read_notice(l, buf_view(&bytes));
	buf_free(&bytes);
	b->ends_key = b->count > 0 && s->index == b->first + b->count - 1;
	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	return store_damaged(
	    l->store, s->index, "expected a key notice that both keys have signed");
}

void
ledger_succession_told(struct ledger *l, struct view transition)
{
	struct ledger_succession *s = &l->succession;
	struct view note, statements;
	struct logline line;
	enum err e;

	buf_clear(&s->ordered);
	transition_free(&s->order);
	s->awaited = false;
	if (transition.size == 0)
		return;
	transition_part(transition, &note, &statements);
	if ((e = transition_parse(note, &s->order)) == ERR_OK)
		e = transition_check_statements(&s->order, statements);
	if (e == ERR_OK && strcmp(s->order.origin, l->config->log_origin) == 0 &&
	    is_key(
		l->verifier, transition_is_succession(&s->order) ? &s->order.to : &s->order.from)) {
		buf_append_view(&s->ordered, transition);
		s->awaited = transition_is_succession(&s->order);
		return;
	}
	logline_begin(&line, LOGGER_WARNING, "key-transition-ignored");
	logline_error(&line, e != ERR_OK ? e : ERR_MISMATCH);
	logline_string(&line, "text",
	    "the key process brings a transition that is not one from this log's key to another");
	logline_end(&line);
}

struct view
ledger_transition(const struct ledger *l)
{
	const struct ledger_succession *s = &l->succession;

	if (l->failed || s->ordered.size == 0 ||
	    (s->has_notice && digest_equal(&s->newest.digest, &s->order.digest)))
		return (struct view){NULL, 0};
	return buf_view(&s->ordered);
}

void
ledger_end_key(struct ledger *l)
{
	struct ledger_succession *s = &l->succession;
	struct logline line;

	transition_free(&s->newest);
	s->newest = s->order; /* moved */
	s->order.from.key = s->order.to.key = NULL;
	s->has_notice = true;
	s->index = ledger_next_index(l) - 1;
	l->open->ends_key = true;
	logline_begin(&line, LOGGER_NOTICE, s->awaited ? "key-continues" : "key-gives-way");
	logline_number(&line, "index", s->index);
	logline_end(&line);
}

bool
ledger_key_is(const struct ledger *l, const struct digest *id)
{
	unsigned char *spki = NULL;
	const int size =
	    l->verifier != NULL ? i2d_PUBKEY(note_verifier_key(l->verifier), &spki) : 0;
	struct digest own = DIGEST_ZERO;

	if (size > 0)
		digest_of(spki, (size_t)size, &own);
	OPENSSL_free(spki);
	return digest_equal(&own, id);
}

bool
ledger_succession_follows(const struct ledger *l, const struct note_verifier *key)
{
	return l->succession.has_notice && is_key(key, &l->succession.newest.to);
}

bool
ledger_succession_signed(const struct ledger *l, const struct note *n, uint64_t size)
{
	const struct ledger_succession *s = &l->succession;
	EVP_PKEY *before = NULL;
	struct note_verifier *old = NULL;
	bool good = false;

	if (ledger_succession_follows(l, l->verifier) && size <= s->index + 1)
		before = s->newest.from.key;
	else if (s->awaited)
		before = s->order.from.key;
	if (before != NULL && note_verifier_new(l->config->log_origin, before, &old) == ERR_OK)
		good = note_verify(n, old) == ERR_OK;
	note_verifier_free(&old);
	return good;
}

bool
ledger_awaits_succession(const struct ledger *l)
{
	return l->succession.awaited;
}

/* The entries before it that no checkpoint is over are a part of its tree. */
enum err
ledger_succession_join(struct ledger *l, struct batch *b)
{
	enum err e = ERR_OK;

	if (!l->succession.awaited || merkle_batch_old_size(b->tree) == l->signed_head.size)
		return ERR_OK;
	merkle_batch_begin(b->tree, &l->signed_head);
	for (const struct batch *s = l->sealed_first; s != NULL; s = s->next)
		for (size_t i = 0; i < s->count && e == ERR_OK; i++)
			if (s->first + i >= l->signed_head.size)
				e = merkle_batch_add(b->tree, &s->leaf[i]);
	for (size_t i = 0; i < b->count && e == ERR_OK; i++)
		e = merkle_batch_add(b->tree, &b->leaf[i]);
	return e;
}

void
ledger_succession_free(struct ledger *l)
{
	transition_free(&l->succession.order);
	transition_free(&l->succession.newest);
	buf_free(&l->succession.ordered);
}

static enum err
read_notice(struct ledger *l, struct view entry)
{
	const struct notice *n = &l->reader->notice.notice;
	struct buf note = BUF_INIT;
	enum err e = notice_parse(entry, &l->reader->notice);

	if (e == ERR_OK)
		e = n->kind == NOTICE_KEY ? notice_transition(n, &note) : ERR_FORMAT;
	if (e == ERR_OK)
		e = transition_parse(buf_view(&note), &l->succession.newest);
	buf_free(&note);
	return e;
}

static bool
is_key(const struct note_verifier *v, const struct transition_key *k)
{
	return k->key != NULL && EVP_PKEY_eq(note_verifier_key(v), k->key) == 1;
}

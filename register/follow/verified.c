#include "register/follow/verified.h"

#include <string.h>
#include <sys/stat.h>

#include "log/anchor.h"
#include "log/history.h"
#include "log/inputfile.h"
#include "register/follow/state_file.h"

#define NAME       "verified"
#define FORK_PROOF "fork-proof"

static enum verified_next hold(
    const struct verified *v, const struct log_reader *l, struct buf *words, enum err *e);
static void keep_proof(const struct verified *v, struct view proof, struct buf *words);

enum outcome
verified_open(
    struct verified *v, int dir, const struct seal_wanted *wanted, const struct findings *f)
{
	struct seal seal;
	enum outcome o;
	enum err e;

	*v = (struct verified){.dir = dir, .note = BUF_INIT};
	if ((e = inputfile_read(dir, NAME, NOTE_SIZE_MAX, &v->note)) == ERR_NOT_FOUND)
		return OUTCOME_GOOD;
	if (e != ERR_OK)
		return findings_step(f, NAME, OUTCOME_UNKNOWN, "%s", inputfile_reason(e));
	if ((o = seal_check(wanted, buf_view(&v->note), f, &seal)) != OUTCOME_GOOD)
		return o;
	v->checkpoint = seal.checkpoint;
	v->is_there = true;
	seal_free(&seal);
	return OUTCOME_GOOD;
}

void
verified_free(struct verified *v)
{
	buf_free(&v->note);
}

enum verified_next
verified_compare(
    const struct verified *v, const struct log_reader *l, struct buf *words, enum err *e)
{
	const struct checkpoint *now = &l->checkpoint, *before = &v->checkpoint;

	*e = ERR_OK;
	if (!v->is_there)
		return VERIFIED_GROWN;
	if (strcmp(now->origin, before->origin) != 0)
		return VERIFIED_OTHER;
	if (now->size < before->size)
		return VERIFIED_SMALLER;
	if (now->size == before->size && digest_equal(&now->root, &before->root))
		return VERIFIED_SAME;
	return hold(v, l, words, e);
}

enum err
verified_accept(struct verified *v, const struct log_reader *l)
{
	enum err e = ERR_OK;

	if (!v->is_there || !view_equal(buf_view(&v->note), buf_view(&l->note)))
		e = state_file_replace(v->dir, NAME, buf_view(&l->note));
	if (e != ERR_OK)
		return e;
	buf_clear(&v->note);
	buf_append_view(&v->note, buf_view(&l->note));
	v->checkpoint = l->checkpoint;
	v->is_there = true;
	return buf_status(&v->note);
}

/* By the tiles that there are now: those who prove a fork prove it with what both sides signed. */
static enum verified_next
hold(const struct verified *v, const struct log_reader *l, struct buf *words, enum err *e)
{
	struct log_reader before = {.dir = -1, .checkpoint = v->checkpoint, .note = v->note};
	struct history *h = history_new();
	struct anchor *older = anchor_of_log("what was verified", &before);
	struct anchor *newer = anchor_of_log("what it shows now", l);
	const struct history_fork *fork;
	enum verified_next next = VERIFIED_UNTOLD;

	before.note = BUF_INIT; /* it is the other's */
	*e = ERR_MEMORY;
	if (h == NULL || older == NULL || newer == NULL) {
		anchor_free(&older);
		anchor_free(&newer);
		history_free(&h);
		return next;
	}
	*e = history_add(h, older);
	if (*e == ERR_OK)
		*e = history_add(h, newer);
	else
		anchor_free(&newer);
	if (*e == ERR_OK && history_fork(h) == NULL)
		*e = history_hold(h, older, l, newer);
	if ((fork = history_fork(h)) != NULL) {
		next = VERIFIED_FORKED;
		buf_append_string(words, fork->text);
		keep_proof(v, buf_view(&fork->proof), words);
	} else if (*e == ERR_OK) {
		next = VERIFIED_GROWN;
	}
	history_free(&h);
	return next;
}

static void
keep_proof(const struct verified *v, struct view proof, struct buf *words)
{
	struct stat st;

	if (fstatat(v->dir, FORK_PROOF, &st, 0) == 0)
		return;
	buf_append_string(words, state_file_replace(v->dir, FORK_PROOF, proof) == ERR_OK
				     ? "; the proof is kept in " FORK_PROOF
				     : "; the proof could not be written");
}

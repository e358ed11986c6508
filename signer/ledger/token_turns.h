/*
 * Whose report has its token made next: collectors take turns, each with its reports in the order
 * in which they were added, which is the log's. However many of one collector wait, they delay
 * another's by one signature a turn.
 *
 * Known besides is whether there is a newcomer: one who has reports that want a token and
 * wait for their checkpoint, and none that waits for the token itself. He alone gains by a
 * checkpoint now: of the others there is something to be made meanwhile.
 *
 * Nothing is allocated: the turns are the caller's, and a collector has a place for its last.
 */
#ifndef HALLMARK_SIGNER_LEDGER_TOKEN_TURNS_H
#define HALLMARK_SIGNER_LEDGER_TOKEN_TURNS_H

#include <stdbool.h>

#include "signer/ledger/heads/workload.h"

/* One report that waits; its collector has workloads, and so stays. */
struct token_turn {
	struct collector *collector;
	struct token_turn *behind; /* of the same collector */
	struct token_turn *after;  /* of the next collector; the first of each alone has one */
};

/* Zero-initialised. */
struct token_turns {
	struct token_turn *first, *last; /* a collector's first each, in the order of their turns */
	unsigned collectors;             /* in that order */
	unsigned newcomers;
	unsigned taken; /* since the last checkpoint was asked for */
};

/* A report of the collector wants a token and waits for its checkpoint; it is there. */
void token_turns_staged(struct token_turns *t, struct collector *c);
void token_turns_sealed(struct token_turns *t, struct collector *c);

/* `turn` waits, behind all others of its collector. It is the caller's, until it is taken. */
void token_turns_add(struct token_turns *t, struct token_turn *turn, struct collector *c);

/* Takes `first`, which is not NULL. */
void token_turns_take(struct token_turns *t);

/*
 * Whether a newcomer waits and everybody who does has had a turn since the last checkpoint: then
 * another takes no more than one turn of anybody's.
 */
bool token_turns_want_checkpoint(const struct token_turns *t);
void token_turns_checkpoint(struct token_turns *t); /* is asked for */

#endif

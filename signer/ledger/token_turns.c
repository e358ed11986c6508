#include "signer/ledger/token_turns.h"

static void append(struct token_turns *t, struct token_turn *turn);

void
token_turns_staged(struct token_turns *t, struct collector *c)
{
	if (c->unsealed++ == 0 && c->last_turn == NULL)
		t->newcomers++;
}

void
token_turns_sealed(struct token_turns *t, struct collector *c)
{
	if (--c->unsealed == 0 && c->last_turn == NULL)
		t->newcomers--;
}

void
token_turns_add(struct token_turns *t, struct token_turn *turn, struct collector *c)
{
	*turn = (struct token_turn){.collector = c};
	if (c->last_turn != NULL) {
		c->last_turn->behind = turn;
	} else {
		append(t, turn);
		t->collectors++;
		t->newcomers -= c->unsealed > 0;
	}
	c->last_turn = turn;
}

void
token_turns_take(struct token_turns *t)
{
	struct token_turn *turn = t->first;
	struct collector *c = turn->collector;

	if ((t->first = turn->after) == NULL)
		t->last = NULL;
	if (turn->behind != NULL) {
		append(t, turn->behind);
	} else {
		c->last_turn = NULL;
		t->collectors--;
		t->newcomers += c->unsealed > 0;
	}
	t->taken++;
}

bool
token_turns_want_checkpoint(const struct token_turns *t)
{
	return t->newcomers > 0 && t->taken >= t->collectors;
}

void
token_turns_checkpoint(struct token_turns *t)
{
	t->taken = 0;
}

static void
append(struct token_turns *t, struct token_turn *turn)
{
	if (t->last != NULL)
		t->last->after = turn;
	else
		t->first = turn;
	t->last = turn;
}

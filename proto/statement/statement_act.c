#include "proto/statement/statement_act.h"

static const struct {
	const char *word, *end, *participle;
} acts[STATEMENT_ACT_COUNT] = {
#define ACT_ROW(identifier, word, end, participle) [identifier] = {word, end, participle},
    STATEMENT_ACT_MAP(ACT_ROW)
#undef ACT_ROW
};

enum statement_act
statement_act_from_word(struct view word)
{
	unsigned act = 0;

	while (act < STATEMENT_ACT_COUNT && !view_equal(word, view_of_string(acts[act].word)))
		act++;
	return (enum statement_act)act;
}

const char *
statement_act_word(enum statement_act act)
{
	return acts[act].word;
}

const char *
statement_act_end(enum statement_act act)
{
	return acts[act].end;
}

const char *
statement_act_participle(enum statement_act act)
{
	return acts[act].participle;
}

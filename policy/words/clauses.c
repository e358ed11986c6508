#include "policy/words/clauses.h"

#include <stdlib.h>

void
clauses_free(struct clauses *c)
{
	for (size_t i = 0; i < c->count; i++) {
		buf_free(&c->clause[i].says);
		buf_free(&c->clause[i].aside);
	}
	free(c->clause);
	*c = CLAUSES_INIT;
}

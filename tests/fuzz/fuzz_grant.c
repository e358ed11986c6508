/*
 * Files in the directory of grants, judged as a host does that has the key of the vectors. What is
 * taken is a vector: nobody else has signed for that key.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/act/grant.h"
#include "proto/encoding.h"

#define COLLECTOR "spiffe://example/collector/host-1"
#define CAROL     "MCowBQYDK2VwAyEA9lWyZl9KN8NVbOVxSldBY/Zfxlfx0YizrflE8orTjCs="
#define BEGIN_S   1795514400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct statement_key *key_of_vectors(void);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct statement_key *key;
	struct trouble t = TROUBLE_INIT;
	struct grant_keys keys;
	struct grant g;
	enum err e;

	if (key == NULL)
		key = key_of_vectors();
	keys = (struct grant_keys){&key, 1};
	e = grant_judge((struct view){data, size}, &keys, COLLECTOR, BEGIN_S, &g, &t);
	if ((e == ERR_OK) != (t.text[0] == '\0'))
		abort();
	if (e == ERR_OK && (g.number != (g.is_break_glass ? 9 : 8) || g.not_after_s <= BEGIN_S ||
			       strcmp(g.origin, "hallmark.example/prod-1") != 0))
		abort();
	if (e == ERR_OK && grant_suspends(&g, "trading-app", BEGIN_S) != g.is_break_glass)
		abort();
	return 0;
}

static struct statement_key *
key_of_vectors(void)
{
	struct buf der = BUF_INIT;
	struct statement_key *key;

	if (base64_decode(view_of_string(CAROL), &der) != ERR_OK ||
	    statement_key_from_spki(buf_view(&der), &key) != ERR_OK)
		abort();
	buf_free(&der);
	return key;
}

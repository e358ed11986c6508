/*
 * Queries of answers, with their cursors, and pieces of places. What is taken is within its limits;
 * a cursor comes back as it was; a piece that is taken is taken again from its own bytes, and its
 * places rise.
 */
#include <stdlib.h>
#include <string.h>

#include "register/answer/answer_query.h"
#include "register/answer/answer_terms.h"
#include "register/view/places.h"

#define EVERYTHING (TAKES(PARAMETERS) - 1)

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_query(struct view input)
{
	struct answer_query q, again;
	struct buf text = BUF_INIT;
	const char *code;

	if (answer_query_parse(input, EVERYTHING, &q, &code) == NULL) {
		check(q.limit >= 1 && q.limit <= ANSWER_LIMIT_MAX);
		for (unsigned i = 0; i < PARAMETERS; i++)
			check(answer_query_has(&q, i) == (q.value[i].size > 0));
		(void)answer_query_matches(&q, PARAMETER_HOST, input);
		(void)answer_query_matches(&q, PARAMETER_WORKLOAD, input);
		buf_append_string(&text, "cursor=");
		answer_cursor_append(&q.cursor, &text);
		check(answer_query_parse(buf_view(&text), EVERYTHING, &again, &code) == NULL);
		check(again.cursor.resource == q.cursor.resource &&
		      again.cursor.log == q.cursor.log && again.cursor.first == q.cursor.first &&
		      again.cursor.second == q.cursor.second);
		answer_query_free(&again);
	} else {
		check(strcmp(code, "bad-parameter") == 0 || strcmp(code, "bad-cursor") == 0);
	}
	answer_query_free(&q);
	buf_free(&text);
}

static void
check_places(struct view input)
{
	struct places p, again;
	struct place each;
	size_t at = 0, count = 0;

	if (!places_load(&p, 1, 1, input))
		return;
	while (places_next(&p, &at, &each))
		count++;
	check(at == input.size && count >= 1 && count <= input.size);
	check(each.entry == p.last_entry && each.issued_s == p.last_s);
	check(places_load(&again, 1, 1, (struct view){p.bytes, p.size}));
	check(again.last_entry == p.last_entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view input = {data, size};

	check_query(input);
	check_places(input);
	return 0;
}

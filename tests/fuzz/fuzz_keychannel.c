/*
 * The key channel, both directions: the input is a stream, first of requests, then of answers. What
 * is found has one spelling; before its last byte nothing is found.
 */
#include <stdlib.h>

#include "proto/wire/keychannel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_requests(struct view rest);
static void read_answers(struct view rest);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_requests((struct view){data, size});
	read_answers((struct view){data, size});
	return 0;
}

static void
read_requests(struct view rest)
{
	struct keychannel_request r, early;
	struct buf again = BUF_INIT;
	size_t used, none;
	enum err e;

	while ((e = keychannel_next_request(rest, &r, &used)) == ERR_OK && used > 0) {
		if (used > rest.size || r.proof.count > MERKLE_CONSISTENCY_MAX ||
		    r.inclusion.count > MERKLE_CONSISTENCY_MAX ||
		    (r.type == KEYCHANNEL_TOKEN || r.type == KEYCHANNEL_CLOSE) !=
			(r.report.size > 0) ||
		    (r.type == KEYCHANNEL_TOKEN) != (r.profile.size > 0) ||
		    (r.type == KEYCHANNEL_OBSERVE) != (r.note.size > 0))
			abort();
		buf_clear(&again);
		keychannel_write_request(&again, &r);
		if (!view_equal(buf_view(&again), (struct view){rest.data, used}))
			abort();
		if (keychannel_next_request((struct view){rest.data, used - 1}, &early, &none) !=
			ERR_OK ||
		    none != 0)
			abort();
		rest = (struct view){rest.data + used, rest.size - used};
	}
	if (used != 0 || (e != ERR_OK && e != ERR_FORMAT))
		abort();
	buf_free(&again);
}

static void
read_answers(struct view rest)
{
	struct keychannel_answer a, early;
	struct buf again = BUF_INIT;
	size_t used, none;
	enum err e;

	while ((e = keychannel_next_answer(rest, &a, &used)) == ERR_OK && used > 0) {
		if (used > rest.size || a.body.size > KEYCHANNEL_BODY_MAX)
			abort();
		buf_clear(&again);
		keychannel_write_answer(&again, &a);
		if (!view_equal(buf_view(&again), (struct view){rest.data, used}))
			abort();
		if (keychannel_next_answer((struct view){rest.data, used - 1}, &early, &none) !=
			ERR_OK ||
		    none != 0)
			abort();
		rest = (struct view){rest.data + used, rest.size - used};
	}
	if (used != 0 || (e != ERR_OK && e != ERR_FORMAT))
		abort();
	buf_free(&again);
}

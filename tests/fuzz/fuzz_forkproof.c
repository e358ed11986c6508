/*
 * Proofs of forks: what parses is written as the same bytes, and two checkpoints that are the same
 * never make one.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/tlog/forkproof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_side(const struct forkproof_side *s, struct checkpoint *c);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct checkpoint first, second;
	struct buf again = BUF_INIT;
	struct forkproof p;
	enum err e = forkproof_parse(bytes, &p);

	if (e == ERR_OK) {
		if (!forkproof_begins(bytes))
			abort();
		forkproof_write(&p, &again);
		if (!view_equal(buf_view(&again), bytes))
			abort();
		if (read_side(&p.side[0], &first) && read_side(&p.side[1], &second) &&
		    forkproof_verify(&p, &first, &second) == ERR_OK &&
		    (strcmp(first.origin, second.origin) != 0 ||
			(first.size == second.size && digest_equal(&first.root, &second.root))))
			abort();
	} else if (err_class(e) != ERR_CLASS_FORMAT) {
		abort();
	}
	buf_free(&again);
	return 0;
}

/* A checkpoint, authentic or not. */
static bool
read_side(const struct forkproof_side *s, struct checkpoint *c)
{
	struct note n;

	return note_parse(s->note, &n) == ERR_OK && checkpoint_parse(n.text, c) == ERR_OK;
}

/*
 * Receipts: what parses is written as the same bytes, and nothing verifies but a leaf of the one
 * tree that the key ever signed.
 */
#include <stdlib.h>

#include "proto/tlog/tile.h"
#include "proto/tlog/tlogproof.h"
#include "tests/fuzz/vector_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verified(const struct tlogproof *p, const struct checkpoint *c);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf storage = BUF_INIT, again = BUF_INIT;
	struct tlogproof p;
	struct checkpoint c;
	enum err e = tlogproof_parse(bytes, &storage, &p);

	if (e == ERR_OK) {
		if (p.proof.count > MERKLE_PROOF_MAX || p.extra.size > ENTRY_SIZE_MAX ||
		    (!p.has_extra && p.extra.size > 0))
			abort();
		tlogproof_write(&p, &again);
		if (!view_equal(buf_view(&again), bytes))
			abort();
		e = tlogproof_verify(&p, p.extra, vector_verifier(), &c);
		if (e == ERR_OK)
			check_verified(&p, &c);
		else if (err_class(e) != ERR_CLASS_FORMAT && err_class(e) != ERR_CLASS_PROOF)
			abort();
	} else if (err_class(e) != ERR_CLASS_FORMAT) {
		abort();
	}
	buf_free(&storage);
	buf_free(&again);
	return 0;
}

static void
check_verified(const struct tlogproof *p, const struct checkpoint *c)
{
	static const struct view leaf[8] = {{NULL, 0}, VIEW_LITERAL("\0"), VIEW_LITERAL("\x10"),
	    VIEW_LITERAL(" !"), VIEW_LITERAL("01"), VIEW_LITERAL("@ABC"), VIEW_LITERAL("PQRSTUVW"),
	    VIEW_LITERAL("`abcdefghijklmno")};

	if (c->size != 8 || p->index >= 8 || p->proof.count != 3 ||
	    !view_equal(p->extra, leaf[p->index]))
		abort();
}

#include "pkcs11/serve/observe.h"

#include <string.h>

_Static_assert(KEYCHANNEL_NOTE_MAX == NOTE_SIZE_MAX, "every note fits into a request");

enum err
observe(struct guard *g, const struct note_verifier *verifier, const struct note_verifier *beside,
    const struct keychannel_request *r)
{
	struct checkpoint c;
	enum err e;

	if ((e = observe_note(r->note, verifier, beside, &c)) != ERR_OK)
		return e;
	if (c.size != r->size || !digest_equal(&c.root, &r->root))
		return ERR_MISMATCH;
	if ((e = guard_check(g, r->size, &r->root, &r->proof)) != ERR_OK ||
	    (e = guard_write(g, r->size, &r->root)) != ERR_OK || (e = guard_sync(g)) != ERR_OK)
		return e;
	guard_signed(g);
	return ERR_OK;
}

enum err
observe_note(struct view bytes, const struct note_verifier *verifier,
    const struct note_verifier *beside, struct checkpoint *out)
{
	struct note n;
	enum err e;

	if ((e = note_parse(bytes, &n)) != ERR_OK || (e = note_verify(&n, verifier)) != ERR_OK)
		return e;
	if (beside != NULL && (e = note_verify(&n, beside)) != ERR_OK && e != ERR_UNKNOWN_KEY)
		return e;
	if ((e = checkpoint_parse(n.text, out)) != ERR_OK)
		return e;
	/* The name of a log's key is its origin. */
	return strcmp(out->origin, note_verifier_name(verifier)) == 0 ? ERR_OK : ERR_MISMATCH;
}

#include "pkcs11/serve/observe.h"

#include "proto/tlog/checkpoint.h"

_Static_assert(KEYCHANNEL_NOTE_MAX == NOTE_SIZE_MAX, "every note fits into a request");

static enum err check_note(const struct note_verifier *verifier, const struct note_verifier *beside,
    const struct keychannel_request *r);

enum err
observe(struct guard *g, const struct note_verifier *verifier, const struct note_verifier *beside,
    const struct keychannel_request *r)
{
	enum err e;

	if ((e = check_note(verifier, beside, r)) != ERR_OK ||
	    (e = guard_check(g, r->size, &r->root, &r->proof)) != ERR_OK ||
	    (e = guard_write(g, r->size, &r->root)) != ERR_OK || (e = guard_sync(g)) != ERR_OK)
		return e;
	guard_signed(g);
	return ERR_OK;
}

/* Whether the note shows that this key has signed the tree. */
static enum err
check_note(const struct note_verifier *verifier, const struct note_verifier *beside,
    const struct keychannel_request *r)
{
	struct checkpoint c;
	struct note n;
	enum err e;

	if ((e = note_parse(r->note, &n)) != ERR_OK || (e = note_verify(&n, verifier)) != ERR_OK)
		return e;
	if (beside != NULL && (e = note_verify(&n, beside)) != ERR_OK && e != ERR_UNKNOWN_KEY)
		return e;
	if ((e = checkpoint_parse(n.text, &c)) != ERR_OK)
		return e;
	/* The name of a log's key is its origin. */
	if (!view_equal(view_of_string(c.origin), view_of_string(note_verifier_name(verifier))) ||
	    c.size != r->size || !digest_equal(&c.root, &r->root))
		return ERR_MISMATCH;
	return ERR_OK;
}

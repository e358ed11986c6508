/*
 * Transitions and successions of a log's key: what is taken is written as the same text, with as
 * many signatures as it has to have.
 */
#include <openssl/x509.h>
#include <stdlib.h>

#include "proto/tlog/note.h"
#include "proto/tlog/transition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct view note, const struct transition *t);
static struct buf spki_of(const struct transition_key *k);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct transition t;
	enum err e = transition_parse(bytes, &t);

	if (e == ERR_OK)
		check_text(bytes, &t);
	else if (err_class(e) != ERR_CLASS_FORMAT && e != ERR_UNSUPPORTED && e != ERR_SIGNATURE)
		abort();
	transition_free(&t);
	return 0;
}

static void
check_text(struct view note, const struct transition *t)
{
	struct buf text = BUF_INIT, from = spki_of(&t->from), to = spki_of(&t->to);
	struct note n;

	if (transition_is_succession(t))
		transition_write_succession(&t->newest, buf_view(&from), buf_view(&to), t->time_s,
		    t->statement, t->statement_count, &text);
	else
		transition_write(t->origin, buf_view(&from), buf_view(&to), t->time_s, &text);
	if (note_parse(note, &n) != ERR_OK || !view_equal(n.text, buf_view(&text)) ||
	    n.signature_count != (transition_is_succession(t) ? 1 : 2))
		abort();
	buf_free(&text);
	buf_free(&from);
	buf_free(&to);
}

static struct buf
spki_of(const struct transition_key *k)
{
	unsigned char *der = NULL;
	struct buf spki = BUF_INIT;
	int size = i2d_PUBKEY(k->key, &der);

	if (size <= 0)
		abort();
	buf_append(&spki, der, (size_t)size);
	OPENSSL_free(der);
	return spki;
}

/*
 * Notes: what is taken apart can be put together again to the same bytes, each part keeps the
 * format's rules, and nothing verifies but the one text that the key ever signed.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "tests/fuzz/vector_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_signature(const struct note_signature *s);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	struct note n;
	enum err e = note_parse(bytes, &n);

	if (e != ERR_OK) {
		if (err_class(e) != ERR_CLASS_FORMAT)
			abort();
		return 0;
	}
	if (n.signature_count == 0 || n.signature_count > NOTE_SIGNATURES_MAX ||
	    n.text.data != data || n.text.data[n.text.size - 1] != '\n')
		abort();
	buf_append_view(&again, n.text);
	buf_append_byte(&again, '\n');
	for (size_t i = 0; i < n.signature_count; i++) {
		check_signature(&n.signature[i]);
		buf_append_string(&again, "\xe2\x80\x94 ");
		buf_append_view(&again, n.signature[i].name);
		buf_append_byte(&again, ' ');
		buf_append_view(&again, n.signature[i].base64);
		buf_append_byte(&again, '\n');
	}
	if (!view_equal(buf_view(&again), bytes))
		abort();
	if (note_verify(&n, vector_verifier()) == ERR_OK &&
	    !view_equal(n.text, VIEW_LITERAL(VECTOR_TEXT)))
		abort();
	buf_free(&again);
	return 0;
}

static void
check_signature(const struct note_signature *s)
{
	struct buf bytes = BUF_INIT, again = BUF_INIT;

	if (s->name.size == 0 || memchr(s->name.data, '+', s->name.size) != NULL ||
	    memchr(s->name.data, ' ', s->name.size) != NULL)
		abort();
	if (base64_decode(s->base64, &bytes) != ERR_OK || bytes.size <= NOTE_KEY_ID_SIZE ||
	    memcmp(bytes.data, s->key_id, NOTE_KEY_ID_SIZE) != 0)
		abort();
	base64_append(&again, buf_view(&bytes));
	if (!view_equal(buf_view(&again), s->base64))
		abort();
	buf_free(&bytes);
	buf_free(&again);
}

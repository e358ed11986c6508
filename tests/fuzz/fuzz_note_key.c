/*
 * Verifier key lines: what is read is written again to the same bytes, keeps the rules of names,
 * and opens no note but that of its key.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/vector_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view line = {data, size};
	struct note_verifier *v = (struct note_verifier *)1;
	struct buf again = BUF_INIT;
	enum note_scheme scheme;
	enum err e = note_verifier_read(line, &v);

	if (e != ERR_OK) {
		if (v != NULL || (err_class(e) != ERR_CLASS_FORMAT && e != ERR_MISMATCH))
			abort();
		return 0;
	}
	if (note_verifier_write(v, &again) != ERR_OK || !view_equal(buf_view(&again), line))
		abort();
	if (!note_verifier_scheme(v, note_verifier_key_id(v), &scheme) ||
	    note_verifier_check(v, scheme, line, line) == ERR_OK ||
	    note_name_check(view_of_string(note_verifier_name(v))) != ERR_OK)
		abort();
	note_verifier_free(&v);
	buf_free(&again);
	return 0;
}

/*
 * Cosignatures: a verifier key line that is read is written again to the same bytes; and of a note
 * nothing is cosigned by the witness of the vectors but the one text that it ever signed.
 */
#include <stdlib.h>

#include "proto/tlog/cosignature.h"

#define WITNESS "witness.example/w1+804c5a34+BDia0xleKwmAMY3Hje3byPcLJzIzo/aWOGCNB6Gb2KvW"
#define TEXT    "hallmark.example/vectors\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_line(struct view line);
static void fuzz_note(struct view bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_line((struct view){data, size});
	fuzz_note((struct view){data, size});
	return 0;
}

static void
fuzz_line(struct view line)
{
	struct cosigner *c = (struct cosigner *)1;
	struct buf again = BUF_INIT;
	enum err e = cosigner_read(line, &c);

	if (e != ERR_OK) {
		if (c != NULL || (err_class(e) != ERR_CLASS_FORMAT && e != ERR_MISMATCH))
			abort();
		return;
	}
	if (cosigner_write(c, &again) != ERR_OK || !view_equal(buf_view(&again), line) ||
	    note_name_check(view_of_string(cosigner_name(c))) != ERR_OK)
		abort();
	cosigner_free(&c);
	buf_free(&again);
}

static void
fuzz_note(struct view bytes)
{
	static struct cosigner *witness;
	uint64_t time_s = 0;
	struct note n;

	if (witness == NULL && cosigner_read(VIEW_LITERAL(WITNESS), &witness) != ERR_OK)
		abort();
	if (note_parse(bytes, &n) != ERR_OK || cosigner_check(witness, &n, &time_s) != ERR_OK)
		return;
	if (time_s == 0 || !view_equal(n.text, VIEW_LITERAL(TEXT)))
		abort();
}

/*
 * Transcripts of ceremonies: payloads, and envelopes whose signatures verify. What is accepted is
 * spelled as it is written, and shown in printable lines.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/statement/transcript_document.h"
#include "tests/fuzz/printed_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct transcript_document *d, struct view input);
static void check_words(const struct transcript_document *d);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transcript_document d;

	if (transcript_parse((struct view){data, size}, &d) == ERR_OK)
		check(&d, (struct view){data, size});
	transcript_document_free(&d);
	return 0;
}

static void
check(const struct transcript_document *d, struct view input)
{
	struct buf again = BUF_INIT;

	if (d->count == 0 || d->count > TRANSCRIPT_PRESENT_MAX ||
	    d->key_count > TRANSCRIPT_KEYS_MAX || transcript_missing(d) > d->count)
		abort();
	for (size_t i = 0; i < d->count; i++)
		if (d->signer[i].key == NULL ||
		    (!d->is_envelope && d->signer[i].signature.size > 0))
			abort();
	if (d->is_envelope && (transcript_write_envelope(d, &again) != ERR_OK ||
				  !view_equal(buf_view(&again), input)))
		abort();
	if (!d->is_envelope && !view_equal(buf_view(&d->payload), input))
		abort();
	check_words(d);
	buf_free(&again);
}

static void
check_words(const struct transcript_document *d)
{
	struct buf words = BUF_INIT;

	transcript_print(d, &words);
	printed_lines_check(&words);
	if (words.size == 0)
		abort();
	buf_free(&words);
}

/* Absences and notices: read in one pass, and read by Jansson and written again, are the same. */
#include "tests/fuzz/entry_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reference f;

static void
absence(struct view bytes)
{
	static struct absence_document d;
	struct buf again = BUF_INIT;
	const enum err e = absence_parse(bytes, &d), expected = reference_absence(&f, bytes);

	/* Of a wrong jti and another fault either may be found first. */
	if ((e == ERR_OK) != (expected == ERR_OK) || (e == ERR_MISMATCH && expected != e))
		abort();
	if (e == ERR_OK &&
	    (absence_write(&d.absence, &again) != ERR_OK || !view_equal(buf_view(&again), bytes)))
		abort();
	buf_free(&again);
}

static void
notice(struct view bytes)
{
	static struct notice_document d;
	struct buf again = BUF_INIT;
	const enum err e = notice_parse(bytes, &d);

	if ((e == ERR_OK) != (reference_notice(&f, bytes) == ERR_OK))
		abort();
	if (e == ERR_OK &&
	    (notice_write(&d.notice, &again) != ERR_OK || !view_equal(buf_view(&again), bytes)))
		abort();
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};

	switch (entry_kind(bytes)) {
	case ENTRY_ABSENCE:
		absence(bytes);
		break;
	case ENTRY_NOTICE:
		notice(bytes);
		break;
	default: {
		struct absence_document a = ABSENCE_DOCUMENT_INIT;
		struct notice_document n = NOTICE_DOCUMENT_INIT;

		if (absence_parse(bytes, &a) == ERR_OK || notice_parse(bytes, &n) == ERR_OK)
			abort();
		absence_document_free(&a);
		notice_document_free(&n);
	}
	}
	return 0;
}

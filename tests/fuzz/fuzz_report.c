/* Reports: read in one pass, and read by Jansson and written again, are the same ones. */
#include "tests/fuzz/entry_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Kept from one to the next, as whoever reads a whole log does. */
	static struct report_document d;
	static struct reference f;
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	const enum err e = report_parse(bytes, &d), expected = reference_report(&f, bytes);
	const struct report *r = &d.report;

	if ((e == ERR_OK) != (expected == ERR_OK) ||
	    (e == ERR_MISMATCH) != (expected == ERR_MISMATCH))
		abort();
	if (e != ERR_OK && e != ERR_MISMATCH)
		return 0;
	if (report_write(r, &again) != ERR_OK || !view_equal(buf_view(&again), bytes))
		abort();
	buf_clear(&again);
	bundle_encode(&r->bundle, &again);
	if (!view_equal(buf_view(&again), buf_view(&f.again)))
		abort();
	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++)
		if (r->claim[i] != 0 && report_status_rank(report_claim_status(r->claim[i])) >
					    report_status_rank(r->status))
			abort();
	buf_free(&again);
	return 0;
}

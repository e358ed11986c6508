/* Reports: what is read has one spelling, and writing it again gives these bytes. */
#include <stdlib.h>

#include "proto/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	struct report_document *d;
	const struct report *r;

	if (report_parse(bytes, &d) != ERR_OK) {
		if (d != NULL)
			abort();
		return 0;
	}
	r = report_document_report(d);
	if (report_write(r, &again) != ERR_OK || !view_equal(buf_view(&again), bytes))
		abort();
	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++)
		if (r->claim[i] != 0 && report_status_rank(report_claim_status(r->claim[i])) >
					    report_status_rank(r->status))
			abort();
	report_document_free(&d);
	buf_free(&again);
	return 0;
}

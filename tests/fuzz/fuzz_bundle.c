/* Bundles: what decodes has one spelling, and encoding it again gives these bytes. */
#include <stdlib.h>

#include "proto/evidence/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	struct bundle b;
	enum err e = bundle_decode(bytes, &b);

	if (e != ERR_OK) {
		if (err_class(e) != ERR_CLASS_STREAM)
			abort();
		return 0;
	}
	bundle_encode(&b, &again);
	if (buf_status(&again) != ERR_OK || !view_equal(buf_view(&again), bytes))
		abort();
	buf_free(&again);
	return 0;
}

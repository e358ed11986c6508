/*
 * Extension maps: what a bundle's reader takes is within the limits, in its one spelling, and what
 * it knows of it is written again as the same pairs.
 */
#include <stdlib.h>

#include "proto/evidence/bundle_extensions.h"
#include "proto/evidence/extension_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pairs(struct view bytes, bool has_unknown);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct bundle_extensions x;
	struct buf again = BUF_INIT;
	enum err e = bundle_extensions_read(bytes, &x);

	if (e != ERR_OK) {
		if (err_class(e) != ERR_CLASS_STREAM)
			abort();
		return 0;
	}
	if (!view_equal(x.bytes, bytes) || size > EXTENSION_MAP_SIZE_MAX)
		abort();
	check_pairs(bytes, x.has_unknown);
	bundle_extensions_write(&x, &again);
	if (buf_status(&again) != ERR_OK ||
	    (!x.has_unknown && !view_equal(buf_view(&again), bytes)))
		abort();
	buf_free(&again);
	return 0;
}

static void
check_pairs(struct view bytes, bool has_unknown)
{
	struct view last = {NULL, 0};
	struct extension_map m;
	bool met = false;

	if (extension_map_begin(bytes, &m) != ERR_OK || m.left == 0 || m.left > EXTENSION_PAIRS_MAX)
		abort();
	while (m.left > 0) {
		if (extension_map_next(&m) != ERR_OK || view_compare(last, m.key) >= 0)
			abort();
		last = m.key;
		met = met || !bundle_extension_is_known(m.key);
	}
	if (met != has_unknown || m.rest.size > 0)
		abort();
}

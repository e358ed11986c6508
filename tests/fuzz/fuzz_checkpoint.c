/* Checkpoints: what parses has one spelling, and writing it again gives these bytes. */
#include <stdlib.h>

#include "proto/tlog/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct buf again = BUF_INIT;
	struct checkpoint c;
	enum err e = checkpoint_parse(bytes, &c);

	if (e != ERR_OK) {
		if (err_class(e) != ERR_CLASS_FORMAT)
			abort();
		return 0;
	}
	if (checkpoint_origin_check(view_of_string(c.origin)) != ERR_OK)
		abort();
	checkpoint_write(&c, &again);
	if (!view_equal(buf_view(&again), bytes))
		abort();
	buf_free(&again);
	return 0;
}

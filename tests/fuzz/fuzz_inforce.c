/* Lists of what is in force: what is read, and has no lines of later versions, is written again. */
#include <stdlib.h>

#include "proto/report/inforce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = {data, size};
	struct buf again = BUF_INIT;
	struct inforce *f;

	if (inforce_parse(text, &f) != ERR_OK) {
		if (f != NULL)
			abort();
		return 0;
	}
	if (inforce_write(f, &again) != ERR_OK)
		abort();
	if ((f->unknown_count == 0) != view_equal(buf_view(&again), text))
		abort();
	inforce_free(&f);
	buf_free(&again);
	return 0;
}

/*
 * A walk that was written down: what is taken of it is written down again to the same byte, and
 * what is refused leaves nothing behind. The log behind it has one notice.
 */
#include <stdlib.h>
#include <string.h>

#include "log/walk/walk_frozen.h"
#include "tests/fuzz/frozen_notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
read_entry(void *context, uint64_t index, struct buf *to)
{
	(void)context;
	if (index != 0)
		return ERR_NOT_FOUND;
	buf_append_string(to, FROZEN_NOTICE);
	return buf_status(to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct findings quiet = {.tell = NULL};
	const struct walk_wanted wanted = {.origin = "hallmark.test/unit"};
	struct defects defects;
	struct buf again = BUF_INIT;
	struct walk *w;

	defects_begin(&defects, &quiet, UINT64_MAX);
	if (walk_new(&wanted, &defects, &w) != ERR_OK)
		abort();
	if (walk_thaw(w, (struct view){data, size}, read_entry, NULL) == ERR_OK &&
	    (walk_freeze(w, &again) != ERR_OK || again.size != size ||
		memcmp(again.data, data, size) != 0))
		abort();
	buf_free(&again);
	walk_free(&w);
	return 0;
}

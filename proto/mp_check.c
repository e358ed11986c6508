#include "proto/mp_check.h"

#include <stdlib.h>

#include "proto/mp_read.h"

enum err
mp_check(struct view bytes, unsigned depth_max, size_t items_max)
{
	size_t open[MP_CHECK_DEPTH_MAX]; /* elements that each open container still waits for */
	unsigned depth = 0;
	size_t items = 0;
	struct mp_item item;
	enum err e;

	if (depth_max > MP_CHECK_DEPTH_MAX)
		abort();
	do {
		if ((e = mp_next(&bytes, &item)) != ERR_OK)
			return e;
		if (depth > 0)
			open[depth - 1]--;
		if (item.type == MP_ARRAY || item.type == MP_MAP) {
			const size_t count =
			    item.type == MP_MAP ? 2 * (size_t)item.count : item.count;

			if (depth == depth_max)
				return ERR_MSG_DEPTH;
			if (count > items_max - items)
				return ERR_MSG_RANGE;
			items += count;
			open[depth++] = count;
		}
		while (depth > 0 && open[depth - 1] == 0)
			depth--;
	} while (depth > 0);
	return bytes.size == 0 ? ERR_OK : ERR_MSG_TRAILING;
}

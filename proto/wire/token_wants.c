#include "proto/wire/token_wants.h"

#include <string.h>

#include "proto/encoding.h"

static struct view take_until(struct view *rest, char end);

void
token_wants_append(struct buf *to, const struct token_want *want)
{
	buf_append_format(to, "%.*s %.*s %u\n", view_precision(want->profile),
	    (const char *)want->profile.data, view_precision(want->audience),
	    want->audience.size > 0 ? (const char *)want->audience.data : "", want->lifetime_s);
}

bool
token_wants_next(struct view *rest, struct token_want *out)
{
	uint64_t lifetime_s;

	if (rest->size == 0)
		return false;
	out->profile = take_until(rest, ' ');
	out->audience = take_until(rest, ' ');
	if (decimal_decode(take_until(rest, '\n'), &lifetime_s) != ERR_OK)
		return false;
	out->lifetime_s = (uint32_t)lifetime_s;
	return true;
}

/* What stands before `end`, which is taken, too. */
static struct view
take_until(struct view *rest, char end)
{
	const uint8_t *at = memchr(rest->data, end, rest->size);
	struct view found = *rest;

	if (at != NULL)
		found.size = (size_t)(at - rest->data);
	rest->data += at != NULL ? found.size + 1 : found.size;
	rest->size -= at != NULL ? found.size + 1 : found.size;
	return found;
}

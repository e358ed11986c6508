#include "proto/tlog/checkpoint.h"

#include <string.h>

#include "proto/encoding.h"

enum err
checkpoint_origin_check(struct view origin)
{
	if (origin.size == 0 || origin.size > CHECKPOINT_ORIGIN_MAX)
		return ERR_FORMAT;
	/* ASCII alone: Unicode has spaces that look like nothing, names that look like others. */
	for (size_t i = 0; i < origin.size; i++)
		if (origin.data[i] <= ' ' || origin.data[i] > '~' || origin.data[i] == '+')
			return ERR_FORMAT;
	return ERR_OK;
}

void
checkpoint_write(const struct checkpoint *c, struct buf *to)
{
	buf_append_string(to, c->origin);
	buf_append_byte(to, '\n');
	buf_append_decimal(to, c->size);
	buf_append_byte(to, '\n');
	base64_append(to, (struct view){c->root.bytes, DIGEST_SIZE});
	buf_append_byte(to, '\n');
}

enum err
checkpoint_parse(struct view text, struct checkpoint *out)
{
	struct view rest = text, origin, size, root;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = line_next(&rest, &origin)) != ERR_OK || (e = line_next(&rest, &size)) != ERR_OK ||
	    (e = line_next(&rest, &root)) != ERR_OK)
		return e;
	if (rest.size != 0)
		return ERR_FORMAT;
	if ((e = checkpoint_origin_check(origin)) != ERR_OK)
		return e;
	memcpy(out->origin, origin.data, origin.size);
	if ((e = decimal_decode(size, &out->size)) != ERR_OK)
		return e;
	return base64_decode_exact(root, out->root.bytes, DIGEST_SIZE);
}

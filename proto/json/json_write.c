#include "proto/json/json_write.h"

#include <stdlib.h>

#include "proto/encoding.h"
#include "proto/text.h"

enum err
json_write_begin(struct json_writer *w, struct buf *to, size_t size_max)
{
	w->to = to;
	w->p = buf_reserve(to, size_max);
	return w->p != NULL ? ERR_OK : ERR_MEMORY;
}

size_t
json_write_end(struct json_writer *w)
{
	const size_t size = (size_t)(w->p - w->to->data) - w->to->size;

	if (size > w->to->capacity - w->to->size)
		abort(); /* it was said to be smaller */
	w->to->size += size;
	return size;
}

void
json_write_raw(struct json_writer *w, struct view v)
{
	if (v.size > 0)
		memcpy(w->p, v.data, v.size);
	w->p += v.size;
}

void
json_write_string(struct json_writer *w, struct view printable)
{
	w->p = json_put_string(w->p, printable);
}

void
json_write_number(struct json_writer *w, uint64_t number)
{
	w->p = decimal_put(w->p, number);
}

void
json_write_hex(struct json_writer *w, struct view bytes)
{
	*w->p++ = '"';
	hex_put(w->p, bytes);
	w->p += 2 * bytes.size;
	*w->p++ = '"';
}

void
json_write_digest(struct json_writer *w, const struct digest *d)
{
	json_write_hex(w, (struct view){d->bytes, DIGEST_SIZE});
}

void
json_write_base64url(struct json_writer *w, struct view bytes)
{
	*w->p++ = '"';
	w->p = base64url_put(w->p, bytes);
	*w->p++ = '"';
}

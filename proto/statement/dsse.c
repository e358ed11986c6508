#include "proto/statement/dsse.h"

void
dsse_signed_bytes(struct view type, struct view payload, struct buf *to)
{
	buf_append_string(to, "DSSEv1 ");
	buf_append_decimal(to, type.size);
	buf_append_byte(to, ' ');
	buf_append_view(to, type);
	buf_append_byte(to, ' ');
	buf_append_decimal(to, payload.size);
	buf_append_byte(to, ' ');
	buf_append_view(to, payload);
}

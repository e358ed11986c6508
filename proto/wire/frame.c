#include "proto/wire/frame.h"

#include <stdlib.h>

enum err
frame_next(struct view input, struct view *payload, size_t *used)
{
	uint32_t size;

	*payload = (struct view){NULL, 0};
	*used = 0;
	if (input.size < FRAME_HEADER_SIZE)
		return ERR_OK;
	size = be32_get(input.data);
	if (size == 0 || size > FRAME_SIZE_MAX)
		return ERR_FRAME_SIZE;
	if (input.size - FRAME_HEADER_SIZE < size)
		return ERR_OK;
	*payload = (struct view){input.data + FRAME_HEADER_SIZE, size};
	*used = FRAME_HEADER_SIZE + (size_t)size;
	return ERR_OK;
}

size_t
frame_begin(struct buf *to)
{
	const size_t begun = to->size;

	if (buf_reserve(to, FRAME_HEADER_SIZE) != NULL)
		to->size += FRAME_HEADER_SIZE;
	return begun;
}

void
frame_end(struct buf *to, size_t begun)
{
	size_t size;

	if (to->failed)
		return;
	size = to->size - begun - FRAME_HEADER_SIZE;
	if (size == 0 || size > FRAME_SIZE_MAX)
		abort();
	be32_put(to->data + begun, (uint32_t)size);
}

/*
 * Frames: the input is a stream. It is cut into frames once as a whole and once byte by byte, as a
 * slow peer would send it; both must give the same frames and end in the same way.
 */
#include <stdlib.h>

#include "proto/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {data, size}, payload, piece;
	size_t used, early;
	enum err e;

	while ((e = frame_next(rest, &payload, &used)) == ERR_OK && used > 0) {
		if (used > rest.size || payload.size == 0 || payload.size > FRAME_SIZE_MAX ||
		    payload.size != used - FRAME_HEADER_SIZE ||
		    payload.data != rest.data + FRAME_HEADER_SIZE)
			abort();
		for (size_t n = 0; n < used; n++) {
			piece = (struct view){rest.data, n};
			if (frame_next(piece, &payload, &early) != ERR_OK || early != 0)
				abort();
		}
		rest = (struct view){rest.data + used, rest.size - used};
	}
	if (e != ERR_OK && (e != ERR_FRAME_SIZE || rest.size < FRAME_HEADER_SIZE))
		abort();
	return 0;
}

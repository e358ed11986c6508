/*
 * Frames: a big-endian uint32 length (of what follows it) and that many bytes of MessagePack.
 */
#ifndef HALLMARK_PROTO_WIRE_FRAME_H
#define HALLMARK_PROTO_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define FRAME_HEADER_SIZE 4 /* bytes */

/*
 * Payload limit of protocol version 1, both ways, in bytes. The largest message is a receipt of a
 * 65,535-byte report with its JWS (base64url of it) and 64 hashes; a component travels in parts.
 */
#define FRAME_SIZE_MAX (256 * 1024)

/*
 * Looks for one whole frame at the start of `input`. Found: `*used` is header plus payload and
 * `*payload` points into `input`. Not yet: ERR_OK, `*used` 0. ERR_FRAME_SIZE for a length of zero
 * or over FRAME_SIZE_MAX, as soon as the four bytes are there.
 */
enum err frame_next(struct view input, struct view *payload, size_t *used) MUST_USE;

/*
 * Starts a frame at the end of `to`, to be closed by frame_end with the returned offset once the
 * payload is appended. An over-long payload is our own fault and aborts.
 */
size_t frame_begin(struct buf *to);
void frame_end(struct buf *to, size_t begun);

#endif

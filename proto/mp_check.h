/*
 * The structure check that stands before every msgpack_unpack of bytes from a peer.
 *
 * msgpack-c believes what a header declares: five bytes make it ask for 96 GB, and a nesting of 33
 * comes back as want of memory. This single pass, without recursion and without memory, lets
 * through only what msgpack_unpack can unpack in bounded memory.
 */
#ifndef HALLMARK_PROTO_MP_CHECK_H
#define HALLMARK_PROTO_MP_CHECK_H

#include "proto/bytes.h"
#include "proto/err.h"

#define MP_CHECK_DEPTH_MAX 8 /* the largest `depth_max` that can be asked for */

/*
 * ERR_OK if `bytes` are exactly one MessagePack object, with containers nested at most `depth_max`
 * deep and at most `items_max` elements in all of them together (a pair of a map is two).
 *
 * ERR_MSG_COUNT: cut off, or a declared count or length is beyond the bytes. ERR_MSG_SYNTAX: the
 * byte 0xc1. ERR_MSG_DEPTH. ERR_MSG_RANGE: too many elements. ERR_MSG_TRAILING: more bytes follow.
 */
enum err mp_check(struct view bytes, unsigned depth_max, size_t items_max) MUST_USE;

#endif

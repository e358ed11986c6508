/*
 * Writing MessagePack in its shortest forms into memory that has room: the caller reserves once
 * for a whole message. Each function returns the first byte behind what it wrote.
 */
#ifndef HALLMARK_PROTO_MP_WRITE_H
#define HALLMARK_PROTO_MP_WRITE_H

#include <stdint.h>

#include "proto/bytes.h"

#define MP_UINT_SIZE_MAX   9 /* bytes */
#define MP_HEADER_SIZE_MAX 5 /* bytes: of a str, bin, array or map */

uint8_t *mp_put_uint(uint8_t *to, uint64_t number);
uint8_t *mp_put_array(uint8_t *to, uint32_t count);
uint8_t *mp_put_map(uint8_t *to, uint32_t pairs);

/* Header and bytes. A size over 2^32-1 is our own fault and aborts. */
uint8_t *mp_put_str(uint8_t *to, struct view v);
uint8_t *mp_put_bin(uint8_t *to, struct view v);

/* Only the header of a bin; the bytes follow. */
uint8_t *mp_put_bin_header(uint8_t *to, size_t size);

#endif

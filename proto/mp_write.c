#include "proto/mp_write.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *put_header(uint8_t *to, uint8_t first, size_t width, uint64_t value);

uint8_t *
mp_put_uint(uint8_t *to, uint64_t number)
{
	if (number < 0x80) {
		*to = (uint8_t)number;
		return to + 1;
	}
	if (number < 0x100)
		return put_header(to, 0xcc, 1, number);
	if (number < 0x10000)
		return put_header(to, 0xcd, 2, number);
	if (number < 0x100000000)
		return put_header(to, 0xce, 4, number);
	return put_header(to, 0xcf, 8, number);
}

uint8_t *
mp_put_array(uint8_t *to, uint32_t count)
{
	if (count < 16)
		return put_header(to, (uint8_t)(0x90 | count), 0, 0);
	if (count < 0x10000)
		return put_header(to, 0xdc, 2, count);
	return put_header(to, 0xdd, 4, count);
}

uint8_t *
mp_put_map(uint8_t *to, uint32_t pairs)
{
	if (pairs < 16)
		return put_header(to, (uint8_t)(0x80 | pairs), 0, 0);
	if (pairs < 0x10000)
		return put_header(to, 0xde, 2, pairs);
	return put_header(to, 0xdf, 4, pairs);
}

uint8_t *
mp_put_str(uint8_t *to, struct view v)
{
	if (v.size > UINT32_MAX)
		abort();
	if (v.size < 32)
		to = put_header(to, (uint8_t)(0xa0 | v.size), 0, 0);
	else if (v.size < 0x100)
		to = put_header(to, 0xd9, 1, v.size);
	else if (v.size < 0x10000)
		to = put_header(to, 0xda, 2, v.size);
	else
		to = put_header(to, 0xdb, 4, v.size);
	if (v.size > 0)
		memcpy(to, v.data, v.size);
	return to + v.size;
}

uint8_t *
mp_put_bin(uint8_t *to, struct view v)
{
	to = mp_put_bin_header(to, v.size);
	if (v.size > 0)
		memcpy(to, v.data, v.size);
	return to + v.size;
}

uint8_t *
mp_put_bin_header(uint8_t *to, size_t size)
{
	if (size > UINT32_MAX)
		abort();
	if (size < 0x100)
		return put_header(to, 0xc4, 1, size);
	if (size < 0x10000)
		return put_header(to, 0xc5, 2, size);
	return put_header(to, 0xc6, 4, size);
}

static uint8_t *
put_header(uint8_t *to, uint8_t first, size_t width, uint64_t value)
{
	*to++ = first;
	switch (width) {
	case 0:
		break;
	case 1:
		*to = (uint8_t)value;
		break;
	case 2:
		be16_put(to, (uint16_t)value);
		break;
	case 4:
		be32_put(to, (uint32_t)value);
		break;
	default:
		be64_put(to, value);
		break;
	}
	return to + width;
}

#include "proto/mp_read.h"

static enum err read_sized(struct view *rest, struct mp_item *item, unsigned first);
static enum err read_integer(struct view *rest, struct mp_item *item, unsigned first);
static enum err read_rest(struct view *rest, struct mp_item *item, unsigned first);
static enum err take_bytes(struct view *rest, struct mp_item *item, size_t header, uint64_t size);
static enum err take_container(
    struct view *rest, struct mp_item *item, size_t header, uint32_t count);
static uint64_t big_endian(const uint8_t *p, size_t size);

enum err
mp_next(struct view *rest, struct mp_item *item)
{
	unsigned first;

	if (rest->size == 0)
		return ERR_MSG_COUNT;
	first = rest->data[0];
	item->shortest = true;
	if (first <= 0x7f) {
		item->type = MP_UINT;
		item->number = first;
		*rest = (struct view){rest->data + 1, rest->size - 1};
		return ERR_OK;
	}
	if (first <= 0x8f) {
		item->type = MP_MAP;
		return take_container(rest, item, 1, first & 0x0f);
	}
	if (first <= 0x9f) {
		item->type = MP_ARRAY;
		return take_container(rest, item, 1, first & 0x0f);
	}
	if (first <= 0xbf) {
		item->type = MP_STR;
		return take_bytes(rest, item, 1, first & 0x1f);
	}
	if (first >= 0xcc && first <= 0xd3)
		return read_integer(rest, item, first);
	if ((first >= 0xc4 && first <= 0xc6) || (first >= 0xd9 && first <= 0xdf))
		return read_sized(rest, item, first);
	return read_rest(rest, item, first);
}

enum err
mp_expect(struct view *rest, enum mp_type type, struct mp_item *item)
{
	enum err e = mp_next(rest, item);

	if (e != ERR_OK)
		return e;
	return item->type == type ? ERR_OK : ERR_MSG_TYPE;
}

/* bin 8/16/32, str 8/16/32, array 16/32, map 16/32 */
static enum err
read_sized(struct view *rest, struct mp_item *item, unsigned first)
{
	static const struct {
		enum mp_type type;
		size_t size;    /* bytes of the length */
		uint32_t least; /* the smallest length that needs this form */
	} forms[] = {
	    [0xc4 - 0xc4] = {MP_BIN, 1, 0},
	    [0xc5 - 0xc4] = {MP_BIN, 2, 0x100},
	    [0xc6 - 0xc4] = {MP_BIN, 4, 0x10000},
	    [0xd9 - 0xc4] = {MP_STR, 1, 32},
	    [0xda - 0xc4] = {MP_STR, 2, 0x100},
	    [0xdb - 0xc4] = {MP_STR, 4, 0x10000},
	    [0xdc - 0xc4] = {MP_ARRAY, 2, 16},
	    [0xdd - 0xc4] = {MP_ARRAY, 4, 0x10000},
	    [0xde - 0xc4] = {MP_MAP, 2, 16},
	    [0xdf - 0xc4] = {MP_MAP, 4, 0x10000},
	};
	const size_t size = forms[first - 0xc4].size;
	uint32_t length;

	if (rest->size < 1 + size)
		return ERR_MSG_COUNT;
	length = (uint32_t)big_endian(rest->data + 1, size);
	item->type = forms[first - 0xc4].type;
	item->shortest = length >= forms[first - 0xc4].least;
	if (item->type == MP_ARRAY || item->type == MP_MAP)
		return take_container(rest, item, 1 + size, length);
	return take_bytes(rest, item, 1 + size, length);
}

/* uint 8/16/32/64, int 8/16/32/64 */
static enum err
read_integer(struct view *rest, struct mp_item *item, unsigned first)
{
	static const uint64_t least[] = {0x80, 0x100, 0x10000, 0x100000000};
	const unsigned width = (first - 0xcc) & 3;
	const size_t size = (size_t)1 << width;
	const bool is_signed = first >= 0xd0;

	if (rest->size < 1 + size)
		return ERR_MSG_COUNT;
	item->number = big_endian(rest->data + 1, size);
	item->type = MP_UINT;
	item->shortest = !is_signed && item->number >= least[width];
	if (is_signed && (rest->data[1] & 0x80) != 0)
		item->type = MP_NEGATIVE;
	*rest = (struct view){rest->data + 1 + size, rest->size - 1 - size};
	return ERR_OK;
}

/* What no format of Hallmark uses, but a well-formed message may hold: it must be stepped over. */
static enum err
read_rest(struct view *rest, struct mp_item *item, unsigned first)
{
	if (first >= 0xe0) {
		item->type = MP_NEGATIVE;
		return take_bytes(rest, item, 1, 0);
	}
	switch (first) {
	case 0xc0:
		item->type = MP_NIL;
		return take_bytes(rest, item, 1, 0);
	case 0xc2:
	case 0xc3:
		item->type = MP_BOOL;
		return take_bytes(rest, item, 1, 0);
	case 0xca:
	case 0xcb:
		item->type = MP_FLOAT;
		return take_bytes(rest, item, 1, first == 0xca ? 4 : 8);
	case 0xc7:
	case 0xc8:
	case 0xc9: {
		const size_t size = (size_t)1 << (first - 0xc7);

		if (rest->size < 1 + size)
			return ERR_MSG_COUNT;
		item->type = MP_EXT;
		return take_bytes(rest, item, 1 + size, 1 + big_endian(rest->data + 1, size));
	}
	case 0xd4:
	case 0xd5:
	case 0xd6:
	case 0xd7:
	case 0xd8:
		item->type = MP_EXT;
		return take_bytes(rest, item, 1, 1 + (1ULL << (first - 0xd4)));
	default: /* 0xc1 */
		return ERR_MSG_SYNTAX;
	}
}

static enum err
take_bytes(struct view *rest, struct mp_item *item, size_t header, uint64_t size)
{
	if (size > rest->size - header)
		return ERR_MSG_COUNT;
	item->bytes = (struct view){rest->data + header, (size_t)size};
	*rest = (struct view){rest->data + header + size, rest->size - header - (size_t)size};
	return ERR_OK;
}

static enum err
take_container(struct view *rest, struct mp_item *item, size_t header, uint32_t count)
{
	const uint64_t elements = item->type == MP_MAP ? 2 * (uint64_t)count : count;

	if (elements > rest->size - header)
		return ERR_MSG_COUNT;
	item->count = count;
	*rest = (struct view){rest->data + header, rest->size - header};
	return ERR_OK;
}

static uint64_t
big_endian(const uint8_t *p, size_t size)
{
	switch (size) {
	case 1:
		return p[0];
	case 2:
		return be16_get(p);
	case 4:
		return be32_get(p);
	default:
		return be64_get(p);
	}
}

#include "proto/encoding.h"

#include <endian.h>
#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What each character stands for, with a bit that says that it stands for something. */
#define IS_DIGIT 0x40
#define FOUR(a, b, c, d, value)                                                                    \
	[a] = IS_DIGIT | (value), [b] = IS_DIGIT | ((value) + 1), [c] = IS_DIGIT | ((value) + 2),  \
	[d] = IS_DIGIT | ((value) + 3)
#define VALUES(last_but_one, last)                                                                 \
	{                                                                                          \
		FOUR('A', 'B', 'C', 'D', 0), FOUR('E', 'F', 'G', 'H', 4),                          \
		    FOUR('I', 'J', 'K', 'L', 8), FOUR('M', 'N', 'O', 'P', 12),                     \
		    FOUR('Q', 'R', 'S', 'T', 16), FOUR('U', 'V', 'W', 'X', 20),                    \
		    FOUR('Y', 'Z', 'a', 'b', 24), FOUR('c', 'd', 'e', 'f', 28),                    \
		    FOUR('g', 'h', 'i', 'j', 32), FOUR('k', 'l', 'm', 'n', 36),                    \
		    FOUR('o', 'p', 'q', 'r', 40), FOUR('s', 't', 'u', 'v', 44),                    \
		    FOUR('w', 'x', 'y', 'z', 48), FOUR('0', '1', '2', '3', 52),                    \
		    FOUR('4', '5', '6', '7', 56), FOUR('8', '9', last_but_one, last, 60)           \
	}
static const uint8_t base64_values[256] = VALUES('+', '/');
static const uint8_t base64url_values[256] = VALUES('-', '_');
#undef VALUES
#undef FOUR

static uint8_t *put_groups(uint8_t *to, struct view bytes, const char *digits, bool padded);
static bool take_padding(struct view *text);
static size_t decoded_size(struct view text);
static enum err decode_groups(struct view text, const uint8_t values[256], uint8_t *out);
static enum err decode_appending(struct view text, const uint8_t values[256], struct buf *to);
static inline uint8_t hex_digit(uint8_t value);
static inline uint64_t hex_take(const uint8_t *text, uint8_t *out);
static int hex_value(uint8_t c);

void
base64_append(struct buf *to, struct view bytes)
{
	uint8_t *room = buf_reserve(to, (bytes.size + 2) / 3 * 4);

	if (room != NULL)
		to->size = (size_t)(put_groups(room, bytes, base64_digits, true) - to->data);
}

void
base64url_append(struct buf *to, struct view bytes)
{
	uint8_t *room = buf_reserve(to, (bytes.size + 2) / 3 * 4);

	if (room != NULL)
		to->size = (size_t)(base64url_put(room, bytes) - to->data);
}

uint8_t *
base64url_put(uint8_t *to, struct view bytes)
{
	return put_groups(to, bytes, base64url_digits, false);
}

void
hex_append(struct buf *to, struct view bytes)
{
	uint8_t *room = buf_reserve(to, bytes.size * 2);

	if (room == NULL)
		return;
	hex_put(room, bytes);
	to->size += bytes.size * 2;
}

void
hex_put(uint8_t *to, struct view bytes)
{
	/* Without a table or a branch, so that compilers do sixteen bytes at once. */
	for (size_t i = 0; i < bytes.size; i++) {
		to[2 * i] = hex_digit(bytes.data[i] >> 4);
		to[2 * i + 1] = hex_digit(bytes.data[i] & 15);
	}
}

enum err
base64_decode(struct view text, struct buf *to)
{
	return take_padding(&text) ? decode_appending(text, base64_values, to) : ERR_FORMAT_BASE64;
}

enum err
base64url_decode(struct view text, struct buf *to)
{
	return decode_appending(text, base64url_values, to);
}

enum err
base64_decode_exact(struct view text, uint8_t *out, size_t size)
{
	if (!take_padding(&text) || decoded_size(text) != size)
		return ERR_FORMAT_BASE64;
	return decode_groups(text, base64_values, out);
}

enum err
base64url_decode_into(struct view text, uint8_t *out, size_t room, size_t *size)
{
	*size = decoded_size(text);
	return *size <= room ? decode_groups(text, base64url_values, out) : ERR_FORMAT_BASE64;
}

enum err
hex_decode(struct view text, struct buf *to)
{
	uint8_t *room;
	enum err e;

	if ((room = buf_reserve(to, text.size / 2)) == NULL)
		return ERR_MEMORY;
	if ((e = hex_decode_exact(text, room, text.size / 2)) == ERR_OK)
		to->size += text.size / 2;
	return e;
}

enum err
hex_decode_exact(struct view text, uint8_t *out, size_t size)
{
	uint64_t bad = 0;
	size_t i = 0;

	if (text.size % 2 != 0 || text.size / 2 != size)
		return ERR_FORMAT;
	for (; size - i >= 4; i += 4)
		bad |= hex_take(text.data + 2 * i, out + i);
	if (bad != 0)
		return ERR_FORMAT;
	for (; i < size; i++) {
		int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_FORMAT;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return ERR_OK;
}

enum err
decimal_decode(struct view text, uint64_t *out)
{
	uint64_t number = 0;

	*out = 0;
	if (text.size == 0 || (text.size > 1 && text.data[0] == '0'))
		return ERR_FORMAT_NUMBER;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = (unsigned)text.data[i] - '0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return ERR_FORMAT_NUMBER;
		number = number * 10 + digit;
	}
	*out = number;
	return ERR_OK;
}

enum err
line_next(struct view *rest, struct view *line)
{
	const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);

	if (end == NULL)
		return ERR_FORMAT;
	*line = (struct view){rest->data, (size_t)(end - rest->data)};
	rest->data += line->size + 1;
	rest->size -= line->size + 1;
	return ERR_OK;
}

static uint8_t *
put_groups(uint8_t *to, struct view bytes, const char *digits, bool padded)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t group = (uint32_t)bytes.data[i] << 16;

		if (left > 1)
			group |= (uint32_t)bytes.data[i + 1] << 8;
		if (left > 2)
			group |= bytes.data[i + 2];
		*to++ = (uint8_t)digits[group >> 18];
		*to++ = (uint8_t)digits[group >> 12 & 63];
		if (left > 1)
			*to++ = (uint8_t)digits[group >> 6 & 63];
		else if (padded)
			*to++ = '=';
		if (left > 2)
			*to++ = (uint8_t)digits[group & 63];
		else if (padded)
			*to++ = '=';
	}
	return to;
}

static bool
take_padding(struct view *text)
{
	size_t padding = 0;

	if (text->size % 4 != 0)
		return false;
	while (padding < 2 && padding < text->size && text->data[text->size - 1 - padding] == '=')
		padding++;
	text->size -= padding;
	return true;
}

/* Of text without padding: its length says how many bytes the last group holds. */
static size_t
decoded_size(struct view text)
{
	return text.size / 4 * 3 + (text.size % 4 > 1 ? text.size % 4 - 1 : 0);
}

/* Writes decoded_size bytes and no more. */
static enum err
decode_groups(struct view text, const uint8_t values[256], uint8_t *out)
{
	const uint8_t *p = text.data;
	const size_t over = text.size % 4;
	uint8_t all = IS_DIGIT;
	uint32_t bits = 0;

	if (over == 1)
		return ERR_FORMAT_BASE64;
	for (size_t i = 0; i < text.size / 4; i++, p += 4) {
		const uint8_t a = values[p[0]], b = values[p[1]], c = values[p[2]],
			      d = values[p[3]];

		all &= a & b & c & d;
		bits = (a & 63U) << 18 | (b & 63U) << 12 | (c & 63U) << 6 | (d & 63U);
		*out++ = (uint8_t)(bits >> 16);
		*out++ = (uint8_t)(bits >> 8);
		*out++ = (uint8_t)bits;
	}
	bits = 0;
	for (size_t i = 0; i < over; i++) {
		all &= values[p[i]];
		bits |= (values[p[i]] & 63U) << (18 - 6 * i);
	}
	if (over > 0)
		*out++ = (uint8_t)(bits >> 16);
	if (over > 2)
		*out++ = (uint8_t)(bits >> 8);
	/* Bits behind the last whole byte must be zero: else several texts would mean the same. */
	if ((bits & (over > 2 ? 0xffU : 0xffffU)) != 0 && over > 0)
		return ERR_FORMAT_BASE64;
	return (all & IS_DIGIT) != 0 ? ERR_OK : ERR_FORMAT_BASE64;
}

static enum err
decode_appending(struct view text, const uint8_t values[256], struct buf *to)
{
	uint8_t *room = buf_reserve(to, decoded_size(text));
	enum err e;

	if (room == NULL)
		return ERR_MEMORY;
	if ((e = decode_groups(text, values, room)) == ERR_OK)
		to->size += decoded_size(text);
	return e;
}

static inline uint8_t
hex_digit(uint8_t value)
{
	return (uint8_t)('0' + value + (value > 9) * ('a' - '0' - 10));
}

/*
 * Eight digits to four bytes at once; 0 if all of them are digits. A character over 0x7f is found
 * by itself, and no sum of others carries from one to the next.
 */
static inline uint64_t
hex_take(const uint8_t *text, uint8_t *out)
{
	const uint64_t each = 0x0101010101010101, high = each * 0x80;
	uint64_t x, c, numeral, letter;
	uint32_t bytes;

	memcpy(&x, text, sizeof(x));
	c = x & ~high;
	numeral = (c + each * (0x80 - '0')) & ~(c + each * (0x80 - '9' - 1)) & high;
	letter = (c + each * (0x80 - 'a')) & ~(c + each * (0x80 - 'f' - 1)) & high;
	c = le64toh((c & each * 0x0f) + (letter >> 7) * 9);
	c = (c << 4 | c >> 8) & 0x00ff00ff00ff00ff;
	c = (c | c >> 8) & 0x0000ffff0000ffff;
	bytes = htole32((uint32_t)(c | c >> 16));
	memcpy(out, &bytes, sizeof(bytes));
	return (x & high) | ((numeral | letter) ^ high);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

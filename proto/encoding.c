#include "proto/encoding.h"

#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void append_groups(struct buf *to, struct view bytes, const char *digits, bool padded);
static enum err decode_groups(struct view text, const char digits[64], struct buf *to);
static int digit_value(uint8_t c, const char digits[64]);
static int hex_value(uint8_t c);

void
base64_append(struct buf *to, struct view bytes)
{
	append_groups(to, bytes, base64_digits, true);
}

void
base64url_append(struct buf *to, struct view bytes)
{
	append_groups(to, bytes, base64url_digits, false);
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
#define DIGITS(high)                                                                               \
	high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" high "8" high      \
	     "9" high "a" high "b" high "c" high "d" high "e" high "f"
	static const char pairs[] = DIGITS("0") DIGITS("1") DIGITS("2") DIGITS("3") DIGITS("4")
	    DIGITS("5") DIGITS("6") DIGITS("7") DIGITS("8") DIGITS("9") DIGITS("a") DIGITS("b")
		DIGITS("c") DIGITS("d") DIGITS("e") DIGITS("f");
#undef DIGITS

	for (size_t i = 0; i < bytes.size; i++)
		memcpy(to + 2 * i, pairs + 2 * (size_t)bytes.data[i], 2);
}

enum err
base64_decode(struct view text, struct buf *to)
{
	size_t padding = 0;

	if (text.size % 4 != 0)
		return ERR_FORMAT_BASE64;
	while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
		padding++;
	text.size -= padding;
	return decode_groups(text, base64_digits, to);
}

enum err
base64url_decode(struct view text, struct buf *to)
{
	return decode_groups(text, base64url_digits, to);
}

enum err
hex_decode(struct view text, struct buf *to)
{
	uint8_t *room;

	if (text.size % 2 != 0)
		return ERR_FORMAT;
	if ((room = buf_reserve(to, text.size / 2)) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < text.size / 2; i++) {
		int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_FORMAT;
		room[i] = (uint8_t)(high << 4 | low);
	}
	to->size += text.size / 2;
	return ERR_OK;
}

enum err
base64_decode_exact(struct view text, uint8_t *out, size_t size)
{
	struct buf bytes = BUF_INIT;
	enum err e = base64_decode(text, &bytes);

	if (e == ERR_OK && bytes.size != size)
		e = ERR_FORMAT_BASE64;
	if (e == ERR_OK && size > 0)
		memcpy(out, bytes.data, size);
	buf_free(&bytes);
	return e;
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

static void
append_groups(struct buf *to, struct view bytes, const char *digits, bool padded)
{
	uint8_t *room = buf_reserve(to, (bytes.size + 2) / 3 * 4);
	size_t used = 0;

	if (room == NULL)
		return;
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t group = (uint32_t)bytes.data[i] << 16;

		if (left > 1)
			group |= (uint32_t)bytes.data[i + 1] << 8;
		if (left > 2)
			group |= bytes.data[i + 2];
		room[used++] = (uint8_t)digits[group >> 18];
		room[used++] = (uint8_t)digits[group >> 12 & 63];
		if (left > 1)
			room[used++] = (uint8_t)digits[group >> 6 & 63];
		else if (padded)
			room[used++] = '=';
		if (left > 2)
			room[used++] = (uint8_t)digits[group & 63];
		else if (padded)
			room[used++] = '=';
	}
	to->size += used;
}

/* `text` is without padding; its length says how many bytes the last group holds. */
static enum err
decode_groups(struct view text, const char digits[64], struct buf *to)
{
	uint8_t *room;
	size_t used = 0;
	uint32_t bits = 0;
	unsigned held = 0;

	if (text.size % 4 == 1)
		return ERR_FORMAT_BASE64;
	if ((room = buf_reserve(to, text.size / 4 * 3 + 2)) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < text.size; i++) {
		int value = digit_value(text.data[i], digits);

		if (value < 0)
			return ERR_FORMAT_BASE64;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			room[used++] = (uint8_t)(bits >> held);
		}
	}
	/* Bits behind the last whole byte must be zero: else several texts would mean the same. */
	if ((bits & ((1U << held) - 1)) != 0)
		return ERR_FORMAT_BASE64;
	to->size += used;
	return ERR_OK;
}

static int
digit_value(uint8_t c, const char digits[64])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (uint8_t)digits[62])
		return 62;
	if (c == (uint8_t)digits[63])
		return 63;
	return -1;
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

#include "proto/text.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static bool eight_are_plain(const uint8_t *p);
static bool character_is_printable(uint32_t c);
static bool character_is_space(uint32_t c);
static size_t unit_take(struct view *rest, char unit[16]);

/* Unicode 15, table 3-7: well-formed byte sequences. */
bool
text_next(struct view *rest, uint32_t *character)
{
	const uint8_t *p = rest->data;
	uint32_t c, least;
	size_t size;

	if (rest->size == 0)
		return false;
	if (p[0] < 0x80) {
		*character = p[0];
		*rest = (struct view){p + 1, rest->size - 1};
		return true;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		size = 2, least = 0x80, c = p[0] & 0x1fU;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		size = 3, least = 0x800, c = p[0] & 0x0fU;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		size = 4, least = 0x10000, c = p[0] & 0x07U;
	} else {
		return false;
	}
	if (rest->size < size)
		return false;
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*character = c;
	*rest = (struct view){p + size, rest->size - size};
	return true;
}

bool
text_is_utf8(struct view v)
{
	uint32_t c;

	while (v.size > 0)
		if (!text_next(&v, &c))
			return false;
	return true;
}

bool
text_is_printable(struct view v, bool spaces)
{
	uint32_t c;

	while (v.size > 0) {
		if (v.size >= 8 && eight_are_plain(v.data)) {
			v = (struct view){v.data + 8, v.size - 8};
			continue;
		}
		if (v.data[0] > 0x20 && v.data[0] < 0x7f) { /* nearly always */
			v.data++;
			v.size--;
			continue;
		}
		if (!text_next(&v, &c) || !character_is_printable(c))
			return false;
		if (!spaces && character_is_space(c))
			return false;
	}
	return true;
}

void
text_append_printable(struct buf *to, struct view raw, size_t size_max)
{
	static const char dots[] = "...";
	const size_t begun = to->size;
	size_t cut = begun; /* where the dots go if it turns out too long */
	char unit[16];
	size_t size;

	while (raw.size > 0) {
		size = unit_take(&raw, unit);
		if (to->failed)
			return;
		if (to->size - begun + size > size_max) {
			to->size = cut;
			size = size_max - (cut - begun);
			buf_append(to, dots, size < 3 ? size : 3);
			return;
		}
		buf_append(to, unit, size);
		if (!to->failed && to->size - begun + 3 <= size_max)
			cut = to->size;
	}
}

void
json_append_string(struct buf *to, struct view s)
{
	uint8_t *p;

	if (s.size > (SIZE_MAX - 2) / 6) {
		to->failed = true;
		return;
	}
	if ((p = buf_reserve(to, 6 * s.size + 2)) == NULL)
		return;
	to->size += (size_t)(json_put_string(p, s) - p);
}

uint8_t *
json_put_string(uint8_t *to, struct view s)
{
	/* The letter behind the backslash for U+0008 to U+000D; U+000B has none. */
	static const char letters[] = "btn\0fr";
	struct view from;
	uint32_t c;
	uint8_t b;

	*to++ = '"';
	while (s.size > 0) {
		if (s.size >= 8 && eight_are_plain(s.data)) {
			memcpy(to, s.data, 8);
			to += 8;
			s = (struct view){s.data + 8, s.size - 8};
			continue;
		}
		b = s.data[0];
		if (b >= 0x20 && b < 0x80 && b != '"' && b != '\\') {
			*to++ = b;
			s.data++;
			s.size--;
			continue;
		}
		from = s;
		if (!text_next(&s, &c)) {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			s.data++;
			s.size--;
		} else if (c >= 0x80) {
			memcpy(to, from.data, from.size - s.size);
			to += from.size - s.size;
		} else if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = b;
		} else if (c >= 8 && c <= 13 && letters[c - 8] != 0) {
			*to++ = '\\';
			*to++ = (uint8_t)letters[c - 8];
		} else {
			memcpy(to, "\\u00", 4);
			to[4] = (uint8_t)hex_digits[b >> 4];
			to[5] = (uint8_t)hex_digits[b & 15];
			to += 6;
		}
	}
	*to++ = '"';
	return to;
}

/*
 * Eight bytes at once, each from U+0021 to U+007E and neither a quote nor a backslash: each term
 * has the top bit of a byte set where that is not so. A borrow may set another's, but never clears
 * one.
 */
static bool
eight_are_plain(const uint8_t *p)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return ((x | (x - each * 0x21) | (x + each) | ((x ^ each * '"') - each) |
		    ((x ^ each * '\\') - each)) &
		   each * 0x80) == 0;
}

/* Default_Ignorable_Code_Point of Unicode 15, controls, and what else nobody sees; in order. */
static bool
character_is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
	    {0x00, 0x1f}, {0x7f, 0x9f},         /* C0, DEL, C1 */
	    {0xad, 0xad}, {0x34f, 0x34f},       /* soft hyphen; combining grapheme joiner */
	    {0x61c, 0x61c}, {0x115f, 0x1160},   /* Arabic letter mark; Hangul jamo fillers */
	    {0x17b4, 0x17b5},                   /* Khmer inherent vowels */
	    {0x180b, 0x180f},                   /* Mongolian variation selectors, vowel separator */
	    {0x200b, 0x200f},                   /* zero width; left-to-right, right-to-left mark */
	    {0x2028, 0x202e},                   /* separators; bidirectional embedding, override */
	    {0x2060, 0x206f}, {0x2800, 0x2800}, /* invisible operators, isolates; blank Braille */
	    {0x3164, 0x3164}, {0xfe00, 0xfe0f}, /* Hangul filler; variation selectors */
	    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, /* byte order mark; halfwidth Hangul filler */
	    {0xfff0, 0xfffb},                   /* reserved as ignorable; interlinear annotation */
	    {0xfffe, 0xffff},                   /* not characters */
	    {0x1bca0, 0x1bca3},                 /* shorthand format controls */
	    {0x1d173, 0x1d17a},                 /* musical format controls */
	    {0xe0000, 0xe0fff},                 /* tags, variation selectors supplement */
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && c >= hidden[i].first; i++)
		if (c <= hidden[i].last)
			return false;
	return true;
}

/* White_Space of Unicode 15, as far as it is printable. */
static bool
character_is_space(uint32_t c)
{
	return c == 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Takes the next character, or the next bad byte, off `rest` in the form in which it is shown. */
static size_t
unit_take(struct view *rest, char unit[16])
{
	const struct view from = *rest;
	size_t taken, size = 0;
	uint32_t c;

	if (!text_next(rest, &c)) {
		*rest = (struct view){from.data + 1, from.size - 1};
		c = 0;
	}
	taken = from.size - rest->size;
	if (c != '\\' && character_is_printable(c)) {
		memcpy(unit, from.data, taken);
		return taken;
	}
	for (size_t i = 0; i < taken; i++) {
		unit[size++] = '\\';
		unit[size++] = 'x';
		unit[size++] = hex_digits[from.data[i] >> 4];
		unit[size++] = hex_digits[from.data[i] & 15];
	}
	return size;
}

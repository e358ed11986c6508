#include "collector/keys/characters.h"

#include <string.h>

struct view
characters_begin(struct view text)
{
	static const struct view mark = VIEW_LITERAL("\xef\xbb\xbf");

	if (text.size >= mark.size && memcmp(text.data, mark.data, mark.size) == 0)
		return (struct view){text.data + mark.size, text.size - mark.size};
	return text;
}

bool
characters_take_hex(struct view *rest, unsigned digits, uint32_t *out)
{
	uint32_t number = 0;

	if (rest->size < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		const uint8_t c = rest->data[i];

		if (c >= '0' && c <= '9')
			number = number << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			number = number << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*rest = (struct view){rest->data + digits, rest->size - digits};
	*out = number;
	return true;
}

bool
characters_append(struct buf *to, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	if (c < 0x80) {
		buf_append_byte(to, (uint8_t)c);
		return true;
	}
	if (c < 0x800) {
		buf_append_byte(to, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_append_byte(to, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_append_byte(to, (uint8_t)(0xf0 | c >> 18));
			buf_append_byte(to, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_append_byte(to, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_append_byte(to, (uint8_t)(0x80 | (c & 0x3f)));
	return true;
}

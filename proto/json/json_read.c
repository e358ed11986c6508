#include "proto/json/json_read.h"

#include "proto/encoding.h"
#include "proto/text.h"

static bool find_quote(const struct json_reader *r, const uint8_t **quote, bool *escapes);
static bool unescape(struct json_reader *r, const uint8_t *quote, struct view *out);

void
json_read_begin(struct json_reader *r, struct view document, struct buf *strings)
{
	/* Nothing may be a view of NULL, which has no end. */
	const uint8_t *begin = document.size > 0 ? document.data : (const uint8_t *)"";

	buf_clear(strings);
	*r = (struct json_reader){begin, begin + document.size, strings, document.size};
}

enum err
json_read_end(const struct json_reader *r, bool went_well)
{
	if (r->strings->failed)
		return ERR_MEMORY;
	return went_well && r->p == r->end ? ERR_OK : ERR_FORMAT;
}

bool
json_read_string(struct json_reader *r, struct view *out)
{
	const uint8_t *quote;
	bool escapes;

	if (!json_read_text(r, "\"") || !find_quote(r, &quote, &escapes))
		return false;
	if (escapes) {
		if (!unescape(r, quote, out))
			return false;
	} else {
		*out = (struct view){r->p, (size_t)(quote - r->p)};
	}
	r->p = quote + 1;
	/* An escaped character is printable, so it does not matter which of them are looked at. */
	return text_is_printable(*out, true);
}

bool
json_read_word(struct json_reader *r, size_t size_max, struct view *out)
{
	const uint8_t *p;

	if (!json_read_text(r, "\""))
		return false;
	for (p = r->p; p < r->end && *p != '"'; p++)
		if ((*p < 'a' || *p > 'z') && (*p < '0' || *p > '9') && *p != '-')
			return false;
	*out = (struct view){r->p, (size_t)(p - r->p)};
	r->p = p;
	return out->size > 0 && out->size <= size_max && json_read_text(r, "\"");
}

bool
json_read_number(struct json_reader *r, uint64_t *out)
{
	const uint8_t *begin = r->p, *p = begin;
	uint64_t number = 0;

	/* The largest has sixteen digits. */
	for (; p < r->end && p - begin < 16 && *p >= '0' && *p <= '9'; p++)
		number = number * 10 + (uint64_t)(*p - '0');
	r->p = p;
	*out = number;
	return p > begin && number <= JSON_NUMBER_MAX && (*begin != '0' || p == begin + 1);
}

bool
json_read_digest(struct json_reader *r, struct digest *out)
{
	return json_read_hex(r, out->bytes, DIGEST_SIZE);
}

bool
json_read_hex(struct json_reader *r, uint8_t *out, size_t size)
{
	const uint8_t *digits = r->p + 1;

	if ((size_t)(r->end - r->p) < 2 * size + 2 || r->p[0] != '"' || digits[2 * size] != '"')
		return false;
	r->p += 2 * size + 2;
	return hex_decode_exact((struct view){digits, 2 * size}, out, size) == ERR_OK;
}

bool
json_read_base64url(struct json_reader *r, uint8_t *out, size_t room, size_t *size)
{
	const uint8_t *begin, *quote;

	if (!json_read_text(r, "\"") || r->p == r->end ||
	    (quote = memchr(r->p, '"', (size_t)(r->end - r->p))) == NULL)
		return false;
	begin = r->p;
	r->p = quote + 1;
	return base64url_decode_into(
		   (struct view){begin, (size_t)(quote - begin)}, out, room, size) == ERR_OK &&
	       *size > 0;
}

/* The quote that ends the string, whose first quote has been read. */
static bool
find_quote(const struct json_reader *r, const uint8_t **quote, bool *escapes)
{
	const uint8_t *p = r->p;

	*escapes = false;
	if (p == r->end || (p = memchr(p, '"', (size_t)(r->end - p))) == NULL)
		return false;
	*quote = p;
	if (p == r->p || memchr(r->p, '\\', (size_t)(p - r->p)) == NULL)
		return true;
	*escapes = true;
	for (p = r->p; p < r->end && *p != '"'; p++)
		if (*p == '\\' && ++p == r->end)
			return false;
	*quote = p;
	return p < r->end;
}

/* Both escapes there are; `quote` is not escaped, so that none reaches over it. */
static bool
unescape(struct json_reader *r, const uint8_t *quote, struct view *out)
{
	struct buf *to = r->strings;
	uint8_t *begin, *q;

	/* All strings together are not larger than the document: views of them stay good. */
	if (to->size == 0 && buf_reserve(to, r->size_max) == NULL)
		return false;
	begin = q = to->data + to->size;
	for (const uint8_t *p = r->p; p < quote; p++) {
		if (*p == '\\' && *++p != '"' && *p != '\\')
			return false;
		*q++ = *p;
	}
	to->size += (size_t)(q - begin);
	*out = (struct view){begin, (size_t)(q - begin)};
	return true;
}

#include "register/front/request_target.h"

#include <string.h>
#include <strings.h>

static struct view behind_authority(struct view target);
static int hex_digit(uint8_t c);

bool
request_target_parse(struct view target, struct view method, struct request_target *out)
{
	const uint8_t *mark;

	*out = (struct request_target){{NULL, 0}, {NULL, 0}};
	if (target.size == 0 || memchr(target.data, '#', target.size) != NULL)
		return false;
	if (target.size == 1 && target.data[0] == '*') {
		out->path = target;
		return view_equal(method, VIEW_LITERAL("OPTIONS"));
	}
	if (target.data[0] != '/')
		target = behind_authority(target);
	if (target.data == NULL)
		return false;
	mark = target.size > 0 ? memchr(target.data, '?', target.size) : NULL;
	out->path = target;
	if (mark != NULL) {
		out->path.size = (size_t)(mark - target.data);
		out->query = (struct view){mark + 1, target.size - out->path.size - 1};
	}
	if (out->path.size == 0)
		out->path = VIEW_LITERAL("/"); /* RFC 9110, 4.2.3 */
	return true;
}

bool
request_target_segment(struct view *path, struct view *segment)
{
	const uint8_t *slash;

	if (path->size == 0 || path->data[0] != '/')
		return false;
	*segment = (struct view){path->data + 1, path->size - 1};
	slash = segment->size > 0 ? memchr(segment->data, '/', segment->size) : NULL;
	if (slash != NULL)
		segment->size = (size_t)(slash - segment->data);
	*path = (struct view){path->data + 1 + segment->size, path->size - 1 - segment->size};
	return true;
}

bool
request_target_decode(struct view encoded, struct buf *to)
{
	for (size_t i = 0; i < encoded.size; i++) {
		uint8_t c = encoded.data[i];

		if (c == '%') {
			const int high = i + 2 < encoded.size ? hex_digit(encoded.data[i + 1]) : -1;
			const int low = high >= 0 ? hex_digit(encoded.data[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		buf_append_byte(to, c);
	}
	return true;
}

int
request_target_parameter(struct view query, const char *name, struct buf *to)
{
	const size_t size = strlen(name);

	while (query.size > 0) {
		const uint8_t *end = memchr(query.data, '&', query.size);
		const size_t whole = end != NULL ? (size_t)(end - query.data) : query.size;

		if (whole == size && memcmp(query.data, name, size) == 0)
			return 1;
		if (whole > size && query.data[size] == '=' &&
		    memcmp(query.data, name, size) == 0) {
			const struct view value = {query.data + size + 1, whole - size - 1};

			return request_target_decode(value, to) ? 1 : -1;
		}
		query = end != NULL ? (struct view){end + 1, query.size - whole - 1}
				    : (struct view){NULL, 0};
	}
	return 0;
}

static struct view
behind_authority(struct view target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t size = strlen(schemes[i]);
		struct view rest;

		if (target.size <= size ||
		    strncasecmp((const char *)target.data, schemes[i], size) != 0)
			continue;
		rest = (struct view){target.data + size, target.size - size};
		if (rest.data[0] == '/' || rest.data[0] == '?')
			break; /* without an authority */
		while (rest.size > 0 && rest.data[0] != '/' && rest.data[0] != '?')
			rest = (struct view){rest.data + 1, rest.size - 1};
		return rest;
	}
	return (struct view){NULL, 0};
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

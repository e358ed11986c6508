#include "collector/ground/line.h"

#include <stdbool.h>
#include <string.h>

static bool is_white(uint8_t byte);

struct view
line_take(struct view *rest)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
	const struct view line = {
	    rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size};
	const size_t taken = line.size + (end != NULL ? 1 : 0);

	*rest = (struct view){taken > 0 ? rest->data + taken : rest->data, rest->size - taken};
	return line;
}

struct view
line_trim(struct view v)
{
	while (v.size > 0 && is_white(v.data[0])) {
		v.data++;
		v.size--;
	}
	while (v.size > 0 && is_white(v.data[v.size - 1]))
		v.size--;
	return v;
}

static bool
is_white(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

#include "collector/packages/paragraph.h"

#include <string.h>
#include <strings.h>

#include "collector/ground/line.h"

static void take_field(
    struct view line, struct paragraph_field *fields, size_t field_count, bool any_case);
static bool is_white(uint8_t byte);

bool
paragraph_next(struct view *rest, struct paragraph_field *fields, size_t field_count, bool any_case)
{
	struct view line = {NULL, 0};

	while (rest->size > 0 && line.size == 0)
		line = line_take(rest);
	if (line.size == 0)
		return false;
	for (size_t i = 0; i < field_count; i++) {
		fields[i].value = (struct view){NULL, 0};
		fields[i].count = 0;
	}
	for (; line.size > 0; line = line_take(rest))
		take_field(line, fields, field_count, any_case);
	return true;
}

static void
take_field(struct view line, struct paragraph_field *fields, size_t field_count, bool any_case)
{
	const uint8_t *colon = memchr(line.data, ':', line.size);
	struct view name;

	if (colon == NULL || is_white(line.data[0]))
		return;
	name = line_trim((struct view){line.data, (size_t)(colon - line.data)});
	for (size_t i = 0; i < field_count; i++) {
		const size_t size = strlen(fields[i].name);

		if (name.size != size ||
		    (any_case ? strncasecmp((const char *)name.data, fields[i].name, size)
			      : strncmp((const char *)name.data, fields[i].name, size)) != 0)
			continue;
		if (fields[i].count++ == 0)
			fields[i].value = line_trim(
			    (struct view){colon + 1, line.size - (size_t)(colon + 1 - line.data)});
	}
}

static bool
is_white(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

#include "collector/keys/lines.h"

#include <string.h>

#include "collector/ground/line.h"
#include "collector/keys/characters.h"

static enum err read_line(struct view line, bool sections, struct view *section, struct keyed *to);

enum err
lines_read(struct view text, bool sections, struct keyed *to)
{
	struct view section = {NULL, 0};
	enum err e = ERR_OK;

	text = characters_begin(text);
	if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
		return ERR_FORMAT;
	while (e == ERR_OK && text.size > 0)
		e = read_line(line_trim(line_take(&text)), sections, &section, to);
	return e;
}

static enum err
read_line(struct view line, bool sections, struct view *section, struct keyed *to)
{
	const uint8_t *equals;
	struct view key, value = {NULL, 0};

	if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
		return ERR_OK;
	if (sections && line.data[0] == '[') {
		if (line.data[line.size - 1] != ']')
			return ERR_FORMAT;
		*section = line_trim((struct view){line.data + 1, line.size - 2});
		return ERR_OK;
	}
	key = line;
	if ((equals = memchr(line.data, '=', line.size)) != NULL) {
		key = line_trim((struct view){line.data, (size_t)(equals - line.data)});
		value = line_trim(
		    (struct view){equals + 1, line.size - (size_t)(equals + 1 - line.data)});
	}
	return key.size > 0 ? keyed_add(to, *section, key, value) : ERR_FORMAT;
}

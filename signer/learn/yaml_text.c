#include "signer/learn/yaml_text.h"

#include "policy/compile/policy_schema.h"
#include "proto/text.h"

bool
yaml_text_append(struct view text, struct buf *to)
{
	if (!text_is_printable(text, true))
		return false;
	buf_append_byte(to, '"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_append_byte(to, '\\');
		buf_append_byte(to, text.data[i]);
	}
	buf_append_byte(to, '"');
	return true;
}

bool
yaml_pattern_append(struct view value, struct buf *to)
{
	struct buf pattern = BUF_INIT;
	struct view rest = value;
	bool good;

	while (rest.size > 0) {
		struct view character = rest;
		uint32_t c = 0;

		if (!text_next(&rest, &c))
			rest = (struct view){rest.data + 1, rest.size - 1};
		character.size -= rest.size;
		if (c == '*' || c == '?' || c == '\\')
			buf_append_byte(&pattern, '\\');
		if (text_is_printable(character, true))
			buf_append_view(&pattern, character);
		else
			for (size_t i = 0; i < character.size; i++)
				buf_append_byte(&pattern, '?');
	}
	to->failed = to->failed || pattern.failed;
	good = pattern.size <= POLICY_PATTERN_MAX && yaml_text_append(buf_view(&pattern), to);
	buf_free(&pattern);
	return good;
}

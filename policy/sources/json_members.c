#include "policy/sources/json_members.h"

#include <stdlib.h>
#include <string.h>

#include "policy/sources/json_text.h"

static bool take(struct view *rest, char wanted);
static void skip_blanks(struct view *rest);
static struct view take_member(struct view *rest);

void
json_members_begin(struct json_members *m, const char *file, struct view text)
{
	*m = (struct json_members){.file = file, .rest = text};
}

enum err
json_members_next(struct json_members *m, struct faults *faults, json_t **out)
{
	struct buf alone = BUF_INIT;
	struct view member;
	enum err e;
	bool last, good = m->begun || take(&m->rest, '{');

	*out = NULL;
	skip_blanks(&m->rest);
	last = m->begun ? !take(&m->rest, ',') : m->rest.size > 0 && m->rest.data[0] == '}';
	m->begun = true;
	if (good && last) {
		good = take(&m->rest, '}');
		skip_blanks(&m->rest);
		if (good && m->rest.size == 0)
			return ERR_OK;
	}
	if (!good || last) {
		faults_add(faults, m->file, 0, "is no JSON object, or more than one");
		return ERR_CONFIG;
	}
	member = take_member(&m->rest);
	buf_append_byte(&alone, '{');
	buf_append_view(&alone, member);
	buf_append_byte(&alone, '}');
	if (buf_status(&alone) != ERR_OK)
		abort();
	e = json_text_parse(m->file, buf_view(&alone), faults, out);
	buf_free(&alone);
	if (e == ERR_OK && json_object_size(*out) != 1) {
		json_decref(*out);
		*out = NULL;
		faults_add(faults, m->file, 0, "is no JSON: a comma too many");
		e = ERR_CONFIG;
	}
	return e;
}

static bool
take(struct view *rest, char wanted)
{
	skip_blanks(rest);
	if (rest->size == 0 || rest->data[0] != (uint8_t)wanted)
		return false;
	*rest = (struct view){rest->data + 1, rest->size - 1};
	return true;
}

static void
skip_blanks(struct view *rest)
{
	while (rest->size > 0 && memchr(" \t\r\n", rest->data[0], 4) != NULL)
		*rest = (struct view){rest->data + 1, rest->size - 1};
}

/* Up to a comma or an end that is not within it. Whether it is one, is looked at behind this. */
static struct view
take_member(struct view *rest)
{
	struct view member = {rest->data, 0};
	size_t depth = 0;
	bool quoted = false;

	for (; member.size < rest->size; member.size++) {
		const uint8_t c = rest->data[member.size];

		if (quoted && c == '\\') {
			member.size += member.size + 1 < rest->size;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == '[' || c == '{')) {
			depth++;
		} else if (!quoted && depth > 0 && (c == ']' || c == '}')) {
			depth--;
		} else if (!quoted && depth == 0 && (c == ',' || c == ']' || c == '}')) {
			break;
		}
	}
	*rest = (struct view){rest->data + member.size, rest->size - member.size};
	return member;
}

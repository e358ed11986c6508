#include "collector/keys/keypath.h"

#include "collector/keys/keyed.h"

static enum err begin(struct keypath *p);
static enum err end(struct keypath *p);
static bool is_digits(struct view name);

enum err
keypath_name(struct keypath *p, struct view name)
{
	enum err e;

	if ((e = begin(p)) != ERR_OK)
		return e;
	if (name.size == 0)
		buf_append_byte(&p->text, '%');
	if (is_digits(name)) {
		keyed_append_escaped(&p->text, name.data[0]);
		name = (struct view){name.data + 1, name.size - 1};
	}
	for (size_t i = 0; i < name.size && p->text.size <= KEYED_KEY_MAX; i++) {
		if (name.data[i] == '.')
			keyed_append_escaped(&p->text, '.');
		else
			keyed_append(&p->text, name.data[i]);
	}
	return end(p);
}

enum err
keypath_index(struct keypath *p, size_t index)
{
	enum err e;

	if ((e = begin(p)) != ERR_OK)
		return e;
	buf_append_decimal(&p->text, index);
	return end(p);
}

void
keypath_back(struct keypath *p, size_t depth)
{
	if (depth < p->depth)
		p->text.size = p->begin[depth];
	p->depth = depth;
}

struct view
keypath_view(const struct keypath *p)
{
	return buf_view(&p->text);
}

void
keypath_free(struct keypath *p)
{
	buf_free(&p->text);
}

static enum err
begin(struct keypath *p)
{
	if (p->depth == KEYPATH_DEPTH_MAX)
		return ERR_FORMAT_SIZE;
	p->begin[p->depth] = p->text.size;
	if (p->depth++ > 0)
		buf_append_byte(&p->text, '.');
	return ERR_OK;
}

static enum err
end(struct keypath *p)
{
	const enum err e = buf_status(&p->text);

	return e == ERR_OK && p->text.size > KEYED_KEY_MAX ? ERR_FORMAT_SIZE : e;
}

static bool
is_digits(struct view name)
{
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
	return name.size > 0;
}

#include "proto/evidence/extension_map.h"

#include "proto/text.h"

/* An array or map inside a value. */
struct level {
	uint32_t left; /* elements, or pairs */
	bool is_map;
	struct view key; /* the last one that was read */
};

static enum err read_key(struct extension_map *m, struct view *key);
static enum err read_value(struct extension_map *m);
static enum err check_value(const struct mp_item *item);
static enum err read_item(struct extension_map *m, struct mp_item *item);
static enum err map_end(struct extension_map *m);

enum err
extension_map_begin(struct view bytes, struct extension_map *m)
{
	struct mp_item map;
	enum err e;

	*m = (struct extension_map){.canonical = true, .begin = bytes.data, .rest = bytes};
	if ((e = read_item(m, &map)) != ERR_OK)
		return e;
	if (map.type != MP_MAP)
		return ERR_MSG_TYPE;
	if (map.count > EXTENSION_PAIRS_MAX)
		return ERR_MSG_RANGE;
	if (map.count == 0)
		m->canonical = false;
	m->left = map.count;
	return m->left == 0 ? map_end(m) : ERR_OK;
}

enum err
extension_map_next(struct extension_map *m)
{
	enum err e;

	if ((e = read_key(m, &m->key)) != ERR_OK || (e = read_value(m)) != ERR_OK)
		return e;
	m->left--;
	return m->left == 0 ? map_end(m) : ERR_OK;
}

/* `key` is the one before it in the same map; its size is 0 before the first. */
static enum err
read_key(struct extension_map *m, struct view *key)
{
	struct mp_item item;
	int order;
	enum err e;

	if ((e = read_item(m, &item)) != ERR_OK)
		return e;
	if (item.type != MP_STR)
		return ERR_MSG_TYPE;
	if (item.bytes.size == 0 || item.bytes.size > EXTENSION_KEY_MAX)
		return ERR_MSG_RANGE;
	for (size_t i = 0; i < item.bytes.size; i++) {
		const uint8_t c = item.bytes.data[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
			return ERR_MSG_RANGE;
	}
	if ((order = view_compare(*key, item.bytes)) == 0)
		return ERR_MSG_DUPLICATE;
	if (order > 0)
		m->canonical = false;
	*key = item.bytes;
	return ERR_OK;
}

/* One value with all that is in it. The peer controls the nesting: a stack, and no recursion. */
static enum err
read_value(struct extension_map *m)
{
	struct level open[EXTENSION_DEPTH_MAX];
	unsigned depth = 0;
	struct mp_item item;
	enum err e;

	for (;;) {
		if ((e = read_item(m, &item)) != ERR_OK || (e = check_value(&item)) != ERR_OK)
			return e;
		if (depth == 0) {
			m->value = item;
			m->inside = m->rest;
		}
		if (item.type == MP_ARRAY || item.type == MP_MAP) {
			if (depth == EXTENSION_DEPTH_MAX)
				return ERR_MSG_DEPTH;
			open[depth++] =
			    (struct level){item.count, item.type == MP_MAP, (struct view){NULL, 0}};
		}
		while (depth > 0 && open[depth - 1].left == 0)
			depth--;
		if (depth == 0) {
			m->inside.size -= m->rest.size;
			return ERR_OK;
		}
		open[depth - 1].left--;
		if (open[depth - 1].is_map && (e = read_key(m, &open[depth - 1].key)) != ERR_OK)
			return e;
	}
}

static enum err
check_value(const struct mp_item *item)
{
	switch (item->type) {
	case MP_UINT:
	case MP_BIN:
	case MP_ARRAY:
		return ERR_OK;
	case MP_STR:
		return text_is_printable(item->bytes, true) ? ERR_OK : ERR_MSG_RANGE;
	case MP_MAP:
		return item->count <= EXTENSION_PAIRS_MAX ? ERR_OK : ERR_MSG_RANGE;
	case MP_NEGATIVE:
	case MP_NIL:
	case MP_BOOL:
	case MP_FLOAT:
	case MP_EXT:
		break;
	}
	return ERR_MSG_TYPE;
}

static enum err
read_item(struct extension_map *m, struct mp_item *item)
{
	enum err e = mp_next(&m->rest, item);

	if (e == ERR_OK && !item->shortest)
		m->canonical = false;
	return e;
}

static enum err
map_end(struct extension_map *m)
{
	m->bytes = (struct view){m->begin, (size_t)(m->rest.data - m->begin)};
	return m->bytes.size <= EXTENSION_MAP_SIZE_MAX ? ERR_OK : ERR_MSG_RANGE;
}

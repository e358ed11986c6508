/*
 * Decoding a component: one pass that checks everything and counts, one allocation of exactly that
 * size, one pass that fills it. Both passes are the same code; the first has nowhere to write.
 *
 * The peer controls every byte. What is allocated is bounded by what was really read (a file item
 * takes 43 bytes at least and 72 in memory; facts and values are bounded by their limits), never by
 * a declared count.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component.h"
#include "proto/evidence/component_items.h"
#include "proto/mp_read.h"

#define FILE_COLUMNS 7

struct component_reader {
	struct view rest;
	size_t value_count;           /* values of facts, so far */
	struct component_file *files; /* NULL: only check and count */
	struct component_fact *facts;
	struct view *values;
};

static enum err read_header(struct view *rest, struct component *c);
static enum err read_items(struct component_reader *r, const struct component *c);
static bool read_file(struct view *rest, struct component_file *f);
static bool read_fact(struct component_reader *r, struct component_fact *f);
static bool read_item(struct view *rest, enum mp_type type, struct mp_item *item);
static bool read_number(struct view *rest, uint64_t most, uint64_t *out);
static bool read_number32(struct view *rest, uint32_t most, uint32_t *out);

enum err
component_decode(struct view bytes, struct component **out)
{
	struct component head = {0};
	struct component_reader r = {bytes, 0, NULL, NULL, NULL};
	struct component *c;
	size_t items_size, values_size;
	enum err e;

	*out = NULL;
	if (bytes.size > COMPONENT_SIZE_MAX)
		return ERR_COMPONENT_FORMAT;
	if ((e = read_header(&r.rest, &head)) != ERR_OK)
		return e;
	bytes = r.rest; /* the second pass starts here */
	if ((e = read_items(&r, &head)) != ERR_OK)
		return e;
	values_size = r.value_count * sizeof(struct view);
	items_size = head.item_count * (component_kind_shape(head.kind) == COMPONENT_SHAPE_FILE
					       ? sizeof(struct component_file)
					       : sizeof(struct component_fact));
	if ((c = malloc(sizeof(*c))) == NULL)
		return ERR_MEMORY;
	*c = head;
	if ((c->storage = malloc(items_size + values_size + 1)) == NULL) {
		free(c);
		return ERR_MEMORY;
	}
	r = (struct component_reader){bytes, 0, NULL, NULL, NULL};
	if (component_kind_shape(head.kind) == COMPONENT_SHAPE_FILE) {
		c->items.files = r.files = c->storage;
	} else {
		c->items.facts = r.facts = c->storage;
		r.values = (struct view *)(void *)((uint8_t *)c->storage + items_size);
	}
	if (read_items(&r, c) != ERR_OK)
		abort(); /* the same bytes were good a moment ago */
	*out = c;
	return ERR_OK;
}

void
component_free(struct component **c)
{
	if (*c == NULL)
		return;
	free((*c)->storage);
	free(*c);
	*c = NULL;
}

static enum err
read_header(struct view *rest, struct component *c)
{
	struct mp_item item;
	uint64_t version;

	if (!read_item(rest, MP_ARRAY, &item) || item.count != 3 ||
	    !read_item(rest, MP_STR, &item) ||
	    component_kind_from_name(item.bytes, &c->kind) != ERR_OK ||
	    !read_number(rest, COMPONENT_VERSION, &version) || version != COMPONENT_VERSION ||
	    !read_item(rest, MP_ARRAY, &item) || item.count > COMPONENT_ITEMS_MAX)
		return ERR_COMPONENT_FORMAT;
	c->item_count = item.count;
	return ERR_OK;
}

/* Each item must come behind the one before it: that makes the order, and no item stands twice. */
static enum err
read_items(struct component_reader *r, const struct component *c)
{
	const enum component_shape shape = component_kind_shape(c->kind);
	struct component_file file, last_file;
	struct component_fact fact, last_fact;

	for (size_t i = 0; i < c->item_count; i++) {
		if (shape == COMPONENT_SHAPE_FILE) {
			if (!read_file(&r->rest, &file) ||
			    (i > 0 && component_file_compare(&last_file, &file) >= 0))
				return ERR_COMPONENT_FORMAT;
			last_file = file;
			if (r->files != NULL)
				r->files[i] = file;
		} else {
			if (!read_fact(r, &fact) ||
			    (i > 0 && view_compare(last_fact.name, fact.name) >= 0))
				return ERR_COMPONENT_FORMAT;
			last_fact = fact;
			if (r->facts != NULL)
				r->facts[i] = fact;
		}
	}
	return r->rest.size == 0 ? ERR_OK : ERR_COMPONENT_FORMAT;
}

static bool
read_file(struct view *rest, struct component_file *f)
{
	struct mp_item item;

	if (!read_item(rest, MP_ARRAY, &item) || item.count != FILE_COLUMNS ||
	    !read_item(rest, MP_BIN, &item))
		return false;
	f->path = item.bytes;
	if (!read_item(rest, MP_BIN, &item) || item.bytes.size != DIGEST_SIZE)
		return false;
	memcpy(f->digest.bytes, item.bytes.data, DIGEST_SIZE);
	return read_number(rest, COMPONENT_FILE_BYTES_MAX, &f->size) &&
	       read_number32(rest, UINT32_MAX, &f->mode) &&
	       read_number32(rest, UINT32_MAX, &f->uid) &&
	       read_number32(rest, UINT32_MAX, &f->gid) &&
	       read_number32(rest, COMPONENT_FILE_FLAG_MASK, &f->flags) &&
	       component_file_check(f) == ERR_OK;
}

static bool
read_fact(struct component_reader *r, struct component_fact *f)
{
	struct mp_item item;
	struct view value;
	size_t count;

	if (!read_item(&r->rest, MP_ARRAY, &item) || item.count != 2 ||
	    !read_item(&r->rest, MP_STR, &item))
		return false;
	f->name = item.bytes;
	if (component_fact_name_check(f->name) != ERR_OK || !read_item(&r->rest, MP_ARRAY, &item))
		return false;
	count = item.count;
	if (count > COMPONENT_VALUES_MAX - r->value_count)
		return false;
	f->value_count = count;
	f->values = r->values == NULL ? NULL : r->values + r->value_count;
	for (size_t i = 0; i < count; i++) {
		if (!read_item(&r->rest, MP_BIN, &item) || item.bytes.size > COMPONENT_VALUE_MAX)
			return false;
		value = item.bytes;
		if (r->values != NULL)
			r->values[r->value_count + i] = value;
	}
	r->value_count += count;
	return true;
}

static bool
read_item(struct view *rest, enum mp_type type, struct mp_item *item)
{
	return mp_expect(rest, type, item) == ERR_OK && item->shortest;
}

static bool
read_number(struct view *rest, uint64_t most, uint64_t *out)
{
	struct mp_item item;

	if (!read_item(rest, MP_UINT, &item) || item.number > most)
		return false;
	*out = item.number;
	return true;
}

static bool
read_number32(struct view *rest, uint32_t most, uint32_t *out)
{
	uint64_t number;

	if (!read_number(rest, most, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}

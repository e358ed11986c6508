#include "proto/evidence/component_reader.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_boundary.h"
#include "proto/evidence/component_items.h"

#define FILE_COLUMNS 8

static enum err read_files(struct component_reader *r, size_t count, enum component_run run);
static enum err read_facts(struct component_reader *r, size_t count, enum component_run run);
static bool read_file(struct component_reader *r, struct component_file *f);
static bool read_details(struct component_reader *r, struct component_file *f);
static bool comes_behind(const struct component_reader *r, struct view key, struct view tail);
static bool read_fact(struct component_reader *r, struct component_fact *f);
static bool ends_well(struct view key, size_t index, size_t count, enum component_run run);
static bool read_number32(struct view *rest, uint32_t most, uint32_t *out);

enum err
component_read_header(
    struct component_reader *r, enum component_kind *kind, enum component_form *form)
{
	struct mp_item array, item;
	uint64_t number;

	if (!component_read_item(&r->rest, MP_ARRAY, &array) ||
	    !component_read_item(&r->rest, MP_STR, &item) ||
	    component_kind_from_name(item.bytes, kind) != ERR_OK ||
	    !component_read_number(&r->rest, COMPONENT_FORM_SEGMENT, &number) || number == 0 ||
	    array.count != (number == COMPONENT_FORM_SEGMENT ? 3 : 4))
		return ERR_COMPONENT_FORMAT;
	*form = (enum component_form)number;
	return ERR_OK;
}

enum err
component_read_made(struct component_reader *r, size_t *count)
{
	const size_t begin = r->rest.size;
	struct mp_item item;

	r->value_max = COMPONENT_MADE_SIZE_MAX; /* a value has a byte at least */
	r->has_last = false;
	if (!component_read_item(&r->rest, MP_ARRAY, &item) ||
	    item.count > COMPONENT_MADE_NAMES_MAX ||
	    read_facts(r, item.count, COMPONENT_RUN_PLAIN) != ERR_OK ||
	    begin - r->rest.size > COMPONENT_MADE_SIZE_MAX)
		return ERR_COMPONENT_FORMAT;
	r->has_last = false;
	r->value_max = r->value_count + COMPONENT_VALUES_MAX;
	*count = item.count;
	return ERR_OK;
}

enum err
component_read_items(
    struct component_reader *r, enum component_kind kind, size_t count, enum component_run run)
{
	return component_kind_shape(kind) == COMPONENT_SHAPE_FILE ? read_files(r, count, run)
								  : read_facts(r, count, run);
}

bool
component_read_item(struct view *rest, enum mp_type type, struct mp_item *item)
{
	return mp_expect(rest, type, item) == ERR_OK && item->shortest;
}

bool
component_read_number(struct view *rest, uint64_t most, uint64_t *out)
{
	struct mp_item item;

	/* Owner and flags of most files are their own header. */
	if (rest->size > 0 && rest->data[0] <= 0x7f) {
		*out = rest->data[0];
		*rest = (struct view){rest->data + 1, rest->size - 1};
		return *out <= most;
	}
	if (!component_read_item(rest, MP_UINT, &item) || item.number > most)
		return false;
	*out = item.number;
	return true;
}

struct component *
component_new(
    enum component_kind kind, size_t made_count, size_t item_count, struct component_reader *r)
{
	const bool files = component_kind_shape(kind) == COMPONENT_SHAPE_FILE;
	const size_t fact_count = files ? made_count : made_count + item_count;
	const size_t facts_size = fact_count * sizeof(struct component_fact);
	const size_t files_size = files ? item_count * sizeof(struct component_file) : 0;
	const size_t values_size = r->value_count * sizeof(struct view);
	struct component *c = malloc(sizeof(*c));
	uint8_t *storage;

	if (c == NULL)
		return NULL;
	if ((storage = malloc(facts_size + files_size + values_size + 1)) == NULL) {
		free(c);
		return NULL;
	}
	*c = (struct component){.kind = kind, .made_count = made_count, .item_count = item_count};
	c->storage = storage;
	*r = (struct component_reader){.rest = {NULL, 0}};
	c->made = r->facts = (struct component_fact *)(void *)storage;
	r->files = (struct component_file *)(void *)(storage + facts_size);
	r->values = (struct view *)(void *)(storage + facts_size + files_size);
	if (files)
		c->items.files = r->files;
	else
		c->items.facts = r->facts + made_count;
	return c;
}

/* Each item must come behind the one before it: that makes the order, and no item stands twice. */
static enum err
read_files(struct component_reader *r, size_t count, enum component_run run)
{
	struct component_file file;
	struct view tail;

	for (size_t i = 0; i < count; i++) {
		if (!read_file(r, &file))
			return ERR_COMPONENT_FORMAT;
		tail.data = file.path.data + file.path.size;
		tail.size = (size_t)(r->rest.data - tail.data);
		if (!comes_behind(r, file.path, tail) || !ends_well(file.path, i, count, run))
			return ERR_COMPONENT_FORMAT;
		r->last_key = file.path;
		r->last_tail = tail;
		r->has_last = true;
		if (r->files != NULL)
			*r->files++ = file;
	}
	return ERR_OK;
}

static enum err
read_facts(struct component_reader *r, size_t count, enum component_run run)
{
	struct component_fact fact;

	for (size_t i = 0; i < count; i++) {
		if (!read_fact(r, &fact) ||
		    (r->has_last && view_compare(r->last_key, fact.name) >= 0) ||
		    !ends_well(fact.name, i, count, run))
			return ERR_COMPONENT_FORMAT;
		r->last_key = fact.name;
		r->has_last = true;
		if (r->facts != NULL)
			*r->facts++ = fact;
	}
	return ERR_OK;
}

static bool
read_file(struct component_reader *r, struct component_file *f)
{
	struct view *rest = &r->rest;
	struct mp_item item;

	if (!component_read_item(rest, MP_ARRAY, &item) || item.count != FILE_COLUMNS ||
	    !component_read_item(rest, MP_BIN, &item))
		return false;
	f->path = item.bytes;
	if (!component_read_item(rest, MP_BIN, &item) || item.bytes.size != DIGEST_SIZE)
		return false;
	memcpy(f->digest.bytes, item.bytes.data, DIGEST_SIZE);
	return component_read_number(rest, COMPONENT_FILE_BYTES_MAX, &f->size) &&
	       read_number32(rest, UINT32_MAX, &f->mode) &&
	       read_number32(rest, UINT32_MAX, &f->uid) &&
	       read_number32(rest, UINT32_MAX, &f->gid) &&
	       read_number32(rest, COMPONENT_FILE_FLAG_MASK, &f->flags) &&
	       component_file_check(f) == ERR_OK && read_details(r, f);
}

static bool
read_details(struct component_reader *r, struct component_file *f)
{
	struct view before = {NULL, 0};
	struct mp_item item;

	if (!component_read_item(&r->rest, MP_ARRAY, &item) || item.count > COMPONENT_DETAILS_MAX ||
	    item.count > r->value_max - r->value_count)
		return false;
	f->detail_count = item.count;
	f->details = r->values;
	for (size_t i = 0; i < f->detail_count; i++) {
		if (!component_read_item(&r->rest, MP_BIN, &item) ||
		    component_detail_check(before, item.bytes) != ERR_OK)
			return false;
		before = item.bytes;
		if (r->values != NULL)
			*r->values++ = before;
	}
	r->value_count += f->detail_count;
	return true;
}

/* Columns in their shortest forms are ordered as their bytes are: component_builder.c. */
static bool
comes_behind(const struct component_reader *r, struct view key, struct view tail)
{
	int order;

	if (!r->has_last)
		return true;
	order = view_compare(r->last_key, key);
	return order < 0 || (order == 0 && view_compare(r->last_tail, tail) < 0);
}

static bool
read_fact(struct component_reader *r, struct component_fact *f)
{
	struct mp_item item;

	if (!component_read_item(&r->rest, MP_ARRAY, &item) || item.count != 2 ||
	    !component_read_item(&r->rest, MP_STR, &item))
		return false;
	f->name = item.bytes;
	if (component_fact_name_check(f->name) != ERR_OK ||
	    !component_read_item(&r->rest, MP_ARRAY, &item))
		return false;
	f->value_count = item.count;
	if (f->value_count > r->value_max - r->value_count)
		return false;
	f->values = r->values;
	for (size_t i = 0; i < f->value_count; i++) {
		if (!component_read_item(&r->rest, MP_BIN, &item) ||
		    item.bytes.size > COMPONENT_VALUE_MAX)
			return false;
		if (r->values != NULL)
			*r->values++ = item.bytes;
	}
	r->value_count += f->value_count;
	return true;
}

static bool
ends_well(struct view key, size_t index, size_t count, enum component_run run)
{
	const bool last = index + 1 == count;

	if (run == COMPONENT_RUN_PLAIN ||
	    (last && (run == COMPONENT_RUN_LAST_SEGMENT || count == COMPONENT_SEGMENT_ITEMS_MAX)))
		return true;
	return component_ends_segment(key) == last;
}

static bool
read_number32(struct view *rest, uint32_t most, uint32_t *out)
{
	uint64_t number;

	if (!component_read_number(rest, most, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}

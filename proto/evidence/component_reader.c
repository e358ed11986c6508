#include "proto/evidence/component_reader.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_boundary.h"
#include "proto/evidence/component_items.h"

#define FILE_COLUMNS 7

static enum err read_files(struct component_reader *r, size_t count, enum component_run run);
static enum err read_facts(struct component_reader *r, size_t count, enum component_run run);
static bool read_file(struct view *rest, struct component_file *f);
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

	for (size_t i = 0; i < count; i++) {
		if (!read_file(&r->rest, &file) ||
		    (r->has_last && component_file_compare(&r->last.file, &file) >= 0) ||
		    !ends_well(file.path, i, count, run))
			return ERR_COMPONENT_FORMAT;
		r->last.file = file;
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
		    (r->has_last && view_compare(r->last.fact.name, fact.name) >= 0) ||
		    !ends_well(fact.name, i, count, run))
			return ERR_COMPONENT_FORMAT;
		r->last.fact = fact;
		r->has_last = true;
		if (r->facts != NULL)
			*r->facts++ = fact;
	}
	return ERR_OK;
}

static bool
read_file(struct view *rest, struct component_file *f)
{
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
	       component_file_check(f) == ERR_OK;
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

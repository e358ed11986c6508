/*
 * Items are encoded when they are added, and only where they stand is sorted. That works because
 * the bytes sort as the values do: shortest MessagePack integers are ordered like their numbers,
 * and none is the beginning of another. So files are compared by path and then by all bytes behind
 * it; of details that is first how many, then of each its size and its bytes.
 */
#include "proto/evidence/component_builder.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_items.h"
#include "proto/evidence/component_list.h"
#include "proto/mp_write.h"

/* All of a file item but its path and details: five numbers and a digest, with headers. */
#define FILE_FIXED_SIZE_MAX 128

/* Before equal items are dropped: no list can hold more. */
#define BUILDER_SIZE_MAX COMPONENT_LISTED_SIZE_MAX

static enum err details_size(const struct component_file *f, size_t *size);
static enum err fact_size(const struct component_fact *f, size_t *size);
static uint8_t *put_fact(uint8_t *p, const struct component_fact *f, uint8_t **name_end);
static void note_last_made(struct component_builder *b, const uint8_t *name_end, size_t size);
static enum err builder_room(struct component_builder *b, size_t size);
static void builder_commit(
    struct component_builder *b, const uint8_t *end, const uint8_t *key_end, size_t key_size);
static int entry_compare(const void *a, const void *b, void *bytes);
static struct view entry_tail(const struct component_entry *e, const uint8_t *bytes);

struct component_builder *
component_builder_new(enum component_kind kind)
{
	struct component_builder *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->kind = kind;
		b->made = b->bytes = BUF_INIT;
	}
	return b;
}

void
component_builder_free(struct component_builder **b)
{
	if (*b == NULL)
		return;
	buf_free(&(*b)->made);
	buf_free(&(*b)->bytes);
	free((*b)->entries);
	free(*b);
	*b = NULL;
}

enum err
component_add_file(struct component_builder *b, const struct component_file *f)
{
	component_screen_file *screen = b->screen_file;
	uint8_t *p, *key_end;
	size_t size;
	enum err e;

	if (screen != NULL) {
		b->screen_file = NULL;
		e = screen(b->screen_context, f, b);
		b->screen_file = screen;
		return e;
	}
	if (component_kind_shape(b->kind) != COMPONENT_SHAPE_FILE)
		return ERR_INVARIANT;
	if (f->detail_count > COMPONENT_VALUES_MAX - b->value_count)
		return ERR_MSG_RANGE;
	if ((e = component_file_check(f)) != ERR_OK || (e = details_size(f, &size)) != ERR_OK)
		return e;
	if ((e = builder_room(b, FILE_FIXED_SIZE_MAX + f->path.size + size)) != ERR_OK)
		return e;
	p = mp_put_array(b->bytes.data + b->bytes.size, 8);
	p = key_end = mp_put_bin(p, f->path);
	p = mp_put_bin(p, (struct view){f->digest.bytes, DIGEST_SIZE});
	p = mp_put_uint(p, f->size);
	p = mp_put_uint(p, f->mode);
	p = mp_put_uint(p, f->uid);
	p = mp_put_uint(p, f->gid);
	p = mp_put_uint(p, f->flags);
	p = mp_put_array(p, (uint32_t)f->detail_count);
	for (size_t i = 0; i < f->detail_count; i++)
		p = mp_put_bin(p, f->details[i]);
	b->value_count += f->detail_count;
	builder_commit(b, p, key_end, f->path.size);
	return ERR_OK;
}

enum err
component_add_fact(struct component_builder *b, const struct component_fact *f)
{
	component_screen_fact *screen = b->screen_fact;
	uint8_t *end, *name_end;
	size_t size;
	enum err e;

	if (screen != NULL) {
		b->screen_fact = NULL;
		e = screen(b->screen_context, f, b);
		b->screen_fact = screen;
		return e;
	}
	if (component_kind_shape(b->kind) != COMPONENT_SHAPE_FACT)
		return ERR_INVARIANT;
	if (f->value_count > COMPONENT_VALUES_MAX - b->value_count)
		return ERR_MSG_RANGE;
	if ((e = fact_size(f, &size)) != ERR_OK || (e = builder_room(b, size)) != ERR_OK)
		return e;
	end = put_fact(b->bytes.data + b->bytes.size, f, &name_end);
	b->value_count += f->value_count;
	builder_commit(b, end, name_end, f->name.size);
	return ERR_OK;
}

enum err
component_set_made(struct component_builder *b, const struct component_fact *made, size_t count)
{
	size_t size = MP_HEADER_SIZE_MAX, one;
	uint8_t *p, *name_end = NULL;
	enum err e;

	if (count > COMPONENT_MADE_NAMES_MAX)
		return ERR_MSG_RANGE;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && view_compare(made[i - 1].name, made[i].name) >= 0)
			return ERR_MSG_DUPLICATE;
		if (made[i].value_count > COMPONENT_MADE_SIZE_MAX)
			return ERR_MSG_RANGE;
		if ((e = fact_size(&made[i], &one)) != ERR_OK)
			return e;
		size += one;
		if (size >
		    4 * COMPONENT_MADE_SIZE_MAX) /* no header counted for is that much too large */
			return ERR_MSG_RANGE;
	}
	buf_clear(&b->made);
	if ((p = buf_reserve(&b->made, size)) == NULL)
		return ERR_MEMORY;
	p = mp_put_array(p, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		p = put_fact(p, &made[i], &name_end);
	size = (size_t)(p - b->made.data);
	if (size > COMPONENT_MADE_SIZE_MAX)
		return ERR_MSG_RANGE;
	b->made.size = size;
	b->made_count = count;
	if (count > 0)
		note_last_made(b, name_end, made[count - 1].name.size);
	return ERR_OK;
}

enum err
component_add_made(struct component_builder *b, const struct component_fact *made)
{
	/* Of the array's, as there are no more names than that: one byte, or three. */
	const size_t header = b->made_count < 16 ? 1 : 3;
	const struct view items = b->made.size > 0
				      ? (struct view){b->made.data + header, b->made.size - header}
				      : (struct view){NULL, 0};
	struct buf all = BUF_INIT;
	uint8_t *p, *name_end;
	size_t size;
	enum err e;

	if (b->made_count == COMPONENT_MADE_NAMES_MAX ||
	    made->value_count > COMPONENT_MADE_SIZE_MAX)
		return ERR_MSG_RANGE;
	if (b->made_count > 0 &&
	    view_compare(
		(struct view){b->made.data + b->made_last, b->made_last_size}, made->name) >= 0)
		return ERR_MSG_DUPLICATE;
	if ((e = fact_size(made, &size)) != ERR_OK)
		return e;
	if ((p = buf_reserve(&all, MP_HEADER_SIZE_MAX + items.size + size)) == NULL)
		return ERR_MEMORY;
	p = mp_put_array(p, (uint32_t)b->made_count + 1);
	if (items.size > 0)
		memcpy(p, items.data, items.size);
	p = put_fact(p + items.size, made, &name_end);
	all.size = (size_t)(p - all.data);
	if (all.size > COMPONENT_MADE_SIZE_MAX) {
		buf_free(&all);
		return ERR_MSG_RANGE;
	}
	buf_free(&b->made);
	b->made = all; /* moved */
	b->made_count++;
	note_last_made(b, name_end, made->name.size);
	return ERR_OK;
}

void
component_builder_screen(struct component_builder *b, component_screen_fact *fact,
    component_screen_file *file, const void *context)
{
	b->screen_fact = fact;
	b->screen_file = file;
	b->screen_context = context;
}

enum err
component_builder_sort(struct component_builder *b, struct component_sorted *out)
{
	const bool facts = component_kind_shape(b->kind) == COMPONENT_SHAPE_FACT;
	struct component_entry *unique = malloc((b->count + 1) * sizeof(*unique));
	const struct component_entry *last = NULL;

	*out = (struct component_sorted){.entries = unique};
	if (unique == NULL)
		return ERR_MEMORY;
	if (b->count > 1)
		qsort_r(b->entries, b->count, sizeof(*b->entries), entry_compare, b->bytes.data);
	for (size_t i = 0; i < b->count; i++) {
		const struct component_entry *entry = &b->entries[i];

		if (last != NULL && facts &&
		    view_equal(component_entry_key(last, b->bytes.data),
			component_entry_key(entry, b->bytes.data)))
			return ERR_MSG_DUPLICATE;
		if (last != NULL && entry_compare(last, entry, b->bytes.data) == 0)
			continue;
		unique[out->count++] = *entry;
		out->size += entry->size;
		last = entry;
	}
	return ERR_OK;
}

struct view
component_entry_key(const struct component_entry *e, const uint8_t *bytes)
{
	return (struct view){bytes + e->offset + e->key_offset, e->key_size};
}

/* ERR_MSG_RANGE for details that may not be there; `size` is a little more than they will be. */
static enum err
details_size(const struct component_file *f, size_t *size)
{
	struct view before = {NULL, 0};
	enum err e;

	*size = MP_HEADER_SIZE_MAX;
	if (f->detail_count > COMPONENT_DETAILS_MAX)
		return ERR_MSG_RANGE;
	for (size_t i = 0; i < f->detail_count; i++) {
		if ((e = component_detail_check(before, f->details[i])) != ERR_OK)
			return e;
		before = f->details[i];
		*size += MP_HEADER_SIZE_MAX + before.size;
	}
	return ERR_OK;
}

/* ERR_MSG_RANGE for a name or value over its limits; `size` is a little more than it will be. */
static enum err
fact_size(const struct component_fact *f, size_t *size)
{
	enum err e;

	*size = 3 * MP_HEADER_SIZE_MAX + f->name.size;
	if ((e = component_fact_name_check(f->name)) != ERR_OK)
		return e;
	for (size_t i = 0; i < f->value_count; i++) {
		if (f->values[i].size > COMPONENT_VALUE_MAX)
			return ERR_MSG_RANGE;
		*size += MP_HEADER_SIZE_MAX + f->values[i].size;
	}
	return ERR_OK;
}

static uint8_t *
put_fact(uint8_t *p, const struct component_fact *f, uint8_t **name_end)
{
	p = mp_put_array(p, 2);
	p = *name_end = mp_put_str(p, f->name);
	p = mp_put_array(p, (uint32_t)f->value_count);
	for (size_t i = 0; i < f->value_count; i++)
		p = mp_put_bin(p, f->values[i]);
	return p;
}

static void
note_last_made(struct component_builder *b, const uint8_t *name_end, size_t size)
{
	b->made_last = (size_t)(name_end - b->made.data) - size;
	b->made_last_size = size;
}

/* Room for one more entry, and for `size` more bytes. */
static enum err
builder_room(struct component_builder *b, size_t size)
{
	if (b->count == COMPONENT_ITEMS_MAX || size > BUILDER_SIZE_MAX - b->bytes.size)
		return ERR_MSG_RANGE;
	if (b->count == b->capacity) {
		const size_t capacity = b->capacity == 0 ? 64 : 2 * b->capacity;
		struct component_entry *entries = realloc(b->entries, capacity * sizeof(*entries));

		if (entries == NULL)
			return ERR_MEMORY;
		b->entries = entries;
		b->capacity = capacity;
	}
	if (buf_reserve(&b->bytes, size) == NULL)
		return ERR_MEMORY;
	return ERR_OK;
}

/* The item between the end of `bytes` and `end` is whole. */
static void
builder_commit(
    struct component_builder *b, const uint8_t *end, const uint8_t *key_end, size_t key_size)
{
	const uint8_t *begin = b->bytes.data + b->bytes.size;

	b->entries[b->count++] = (struct component_entry){
	    .offset = b->bytes.size,
	    .size = (uint32_t)(end - begin),
	    .key_offset = (uint32_t)((size_t)(key_end - begin) - key_size),
	    .key_size = (uint32_t)key_size,
	};
	b->bytes.size += (size_t)(end - begin);
}

static int
entry_compare(const void *a, const void *b, void *bytes)
{
	const int order =
	    view_compare(component_entry_key(a, bytes), component_entry_key(b, bytes));

	return order != 0 ? order : view_compare(entry_tail(a, bytes), entry_tail(b, bytes));
}

/* What stands behind the key. */
static struct view
entry_tail(const struct component_entry *e, const uint8_t *bytes)
{
	const uint32_t begin = e->key_offset + e->key_size;

	return (struct view){bytes + e->offset + begin, e->size - begin};
}

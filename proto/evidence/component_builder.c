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

/* Bytes: most components are small; of larger ones each chunk is twice the one before. */
#define CHUNK_FIRST ((size_t)2048)
#define CHUNK_MOST  ((size_t)64 * 1024)

/* Before equal items are dropped: no list can hold more. */
#define BUILDER_SIZE_MAX COMPONENT_LISTED_SIZE_MAX

static enum err details_size(const struct component_file *f, size_t *size);
static enum err fact_size(const struct component_fact *f, size_t *size);
static uint8_t *put_fact(uint8_t *p, const struct component_fact *f, uint8_t **name_end);
static void note_last_made(struct component_builder *b, const uint8_t *name_end, size_t size);
static enum err builder_room(struct component_builder *b, size_t size);
static enum err entries_room(struct component_builder *b, size_t count);
static void builder_commit(
    struct component_builder *b, const uint8_t *end, const uint8_t *key_end, size_t key_size);

struct component_builder *
component_builder_new(enum component_kind kind)
{
	struct component_builder *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->kind = kind;
		b->made = BUF_INIT;
	}
	return b;
}

void
component_builder_free(struct component_builder **b)
{
	struct component_chunk *chunk, *before;

	if (*b == NULL)
		return;
	for (chunk = (*b)->last; chunk != NULL; chunk = before) {
		before = chunk->before;
		free(chunk);
	}
	buf_free(&(*b)->made);
	free((*b)->entries);
	free(*b);
	*b = NULL;
}

struct component_builder *
component_builder_part(const struct component_builder *b)
{
	struct component_builder *part = component_builder_new(b->kind);

	if (part != NULL)
		component_builder_screen(part, b->screen_fact, b->screen_file, b->screen_context);
	return part;
}

enum err
component_builder_join(struct component_builder *b, struct component_builder **part)
{
	struct component_builder *p = *part;
	struct component_chunk **first = &p->last;
	enum err e = ERR_OK;

	if (p->count > COMPONENT_ITEMS_MAX - b->count || p->size > BUILDER_SIZE_MAX - b->size ||
	    p->value_count > COMPONENT_VALUES_MAX - b->value_count)
		e = ERR_MSG_RANGE;
	else if (p->count > 0 && (e = entries_room(b, p->count)) == ERR_OK) {
		memcpy(b->entries + b->count, p->entries, p->count * sizeof(*p->entries));
		b->count += p->count;
		b->size += p->size;
		b->value_count += p->value_count;
		/* The last chunk is the one that has room. */
		while (*first != NULL)
			first = &(*first)->before;
		*first = b->last;
		b->last = p->last;
		p->last = NULL; /* moved */
	}
	component_builder_free(part);
	return e;
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
	p = mp_put_array(b->last->bytes + b->last->size, 8);
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
	end = put_fact(b->last->bytes + b->last->size, f, &name_end);
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

/* Room for one more entry, and for `size` more bytes in the last chunk. */
static enum err
builder_room(struct component_builder *b, size_t size)
{
	struct component_chunk *chunk = b->last;
	size_t capacity = chunk != NULL ? 2 * chunk->capacity : CHUNK_FIRST;
	enum err e;

	if (b->count == COMPONENT_ITEMS_MAX || size > BUILDER_SIZE_MAX - b->size)
		return ERR_MSG_RANGE;
	if ((e = entries_room(b, 1)) != ERR_OK)
		return e;
	if (chunk != NULL && size <= chunk->capacity - chunk->size)
		return ERR_OK;
	capacity = capacity < CHUNK_MOST ? capacity : CHUNK_MOST;
	capacity = size < capacity ? capacity : size;
	if ((chunk = malloc(sizeof(*chunk) + capacity)) == NULL)
		return ERR_MEMORY;
	chunk->before = b->last;
	chunk->size = 0;
	chunk->capacity = capacity;
	b->last = chunk;
	return ERR_OK;
}

static enum err
entries_room(struct component_builder *b, size_t count)
{
	size_t capacity = b->capacity == 0 ? 64 : b->capacity;
	struct component_entry *entries;

	if (count <= b->capacity - b->count)
		return ERR_OK;
	while (capacity - b->count < count)
		capacity *= 2;
	if ((entries = realloc(b->entries, capacity * sizeof(*entries))) == NULL)
		return ERR_MEMORY;
	b->entries = entries;
	b->capacity = capacity;
	return ERR_OK;
}

/* The item between the end of the last chunk and `end` is whole. */
static void
builder_commit(
    struct component_builder *b, const uint8_t *end, const uint8_t *key_end, size_t key_size)
{
	const uint8_t *begin = b->last->bytes + b->last->size;

	b->entries[b->count++] = (struct component_entry){
	    .bytes = begin,
	    .size = (uint32_t)(end - begin),
	    .key_offset = (uint32_t)((size_t)(key_end - begin) - key_size),
	    .key_size = (uint32_t)key_size,
	};
	b->last->size += (size_t)(end - begin);
	b->size += (size_t)(end - begin);
}

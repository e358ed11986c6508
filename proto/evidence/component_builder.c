/*
 * Items are encoded when they are added, and only where they stand is sorted. That works because
 * the bytes sort as the values do: shortest MessagePack integers are ordered like their numbers,
 * and none is the beginning of another. So files are compared by path and then by all bytes behind
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component.h"
#include "proto/evidence/component_items.h"
#include "proto/mp_write.h"

/* All of a file item but its path: six numbers and a digest, with headers. */
#define FILE_FIXED_SIZE_MAX 128

/* Before equal items are dropped; far over what a canonical component can hold. */
#define BUILDER_SIZE_MAX (64 * 1024 * 1024)

/* An encoded item in `bytes`; the key (path or name) is a range of it. */
struct entry {
	size_t offset;
	uint32_t size;
	uint32_t key_offset; /* from `offset` */
	uint32_t key_size;
};

struct component_builder {
	enum component_kind kind;
	struct buf bytes;
	struct entry *entries;
	size_t count;
	size_t capacity;
	size_t value_count; /* values of all facts */
};

static enum err builder_room(struct component_builder *b, size_t size);
static void builder_commit(
    struct component_builder *b, const uint8_t *end, const uint8_t *key_end, size_t key_size);
static int entry_compare(const void *a, const void *b, void *bytes);
static struct view entry_key(const struct entry *e, const uint8_t *bytes);
static struct view entry_tail(const struct entry *e, const uint8_t *bytes);
static size_t entries_drop(
    struct component_builder *b, struct entry *unique, size_t *size, enum err *e);

struct component_builder *
component_builder_new(enum component_kind kind)
{
	struct component_builder *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->kind = kind;
		b->bytes = BUF_INIT;
	}
	return b;
}

void
component_builder_free(struct component_builder **b)
{
	if (*b == NULL)
		return;
	buf_free(&(*b)->bytes);
	free((*b)->entries);
	free(*b);
	*b = NULL;
}

enum err
component_add_file(struct component_builder *b, const struct component_file *f)
{
	uint8_t *p, *key_end;
	enum err e;

	if (component_kind_shape(b->kind) != COMPONENT_SHAPE_FILE)
		return ERR_INVARIANT;
	if ((e = component_file_check(f)) != ERR_OK)
		return e;
	if ((e = builder_room(b, FILE_FIXED_SIZE_MAX + f->path.size)) != ERR_OK)
		return e;
	p = mp_put_array(b->bytes.data + b->bytes.size, 7);
	p = key_end = mp_put_bin(p, f->path);
	p = mp_put_bin(p, (struct view){f->digest.bytes, DIGEST_SIZE});
	p = mp_put_uint(p, f->size);
	p = mp_put_uint(p, f->mode);
	p = mp_put_uint(p, f->uid);
	p = mp_put_uint(p, f->gid);
	p = mp_put_uint(p, f->flags);
	builder_commit(b, p, key_end, f->path.size);
	return ERR_OK;
}

enum err
component_add_fact(struct component_builder *b, const struct component_fact *f)
{
	size_t size = 2 * MP_HEADER_SIZE_MAX + f->name.size + 1;
	uint8_t *p, *key_end;
	enum err e;

	if (component_kind_shape(b->kind) != COMPONENT_SHAPE_FACT)
		return ERR_INVARIANT;
	if ((e = component_fact_name_check(f->name)) != ERR_OK)
		return e;
	if (f->value_count > COMPONENT_VALUES_MAX - b->value_count)
		return ERR_MSG_RANGE;
	for (size_t i = 0; i < f->value_count; i++) {
		if (f->values[i].size > COMPONENT_VALUE_MAX)
			return ERR_MSG_RANGE;
		size += MP_HEADER_SIZE_MAX + f->values[i].size;
	}
	if ((e = builder_room(b, size)) != ERR_OK)
		return e;
	p = mp_put_array(b->bytes.data + b->bytes.size, 2);
	p = key_end = mp_put_str(p, f->name);
	p = mp_put_array(p, (uint32_t)f->value_count);
	for (size_t i = 0; i < f->value_count; i++)
		p = mp_put_bin(p, f->values[i]);
	b->value_count += f->value_count;
	builder_commit(b, p, key_end, f->name.size);
	return ERR_OK;
}

enum err
component_finish(struct component_builder *b, struct buf *to, size_t *item_count)
{
	const char *name = component_kind_name(b->kind);
	struct entry *unique;
	size_t count, size;
	enum err e = ERR_OK;
	uint8_t *p;

	if ((unique = malloc((b->count + 1) * sizeof(*unique))) == NULL)
		return ERR_MEMORY;
	count = entries_drop(b, unique, &size, &e);
	size += 3 * MP_HEADER_SIZE_MAX + strlen(name); /* a little more than it will be */
	if (e == ERR_OK && (p = buf_reserve(to, size)) == NULL)
		e = ERR_MEMORY;
	if (e != ERR_OK)
		goto out;
	p = mp_put_array(p, 3);
	p = mp_put_str(p, view_of_string(name));
	p = mp_put_uint(p, COMPONENT_VERSION);
	p = mp_put_array(p, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		memcpy(p, b->bytes.data + unique[i].offset, unique[i].size);
		p += unique[i].size;
	}
	size = (size_t)(p - to->data) - to->size;
	if (size > COMPONENT_SIZE_MAX) {
		e = ERR_FORMAT_SIZE;
		goto out;
	}
	to->size += size;
	*item_count = count;
out:
	free(unique);
	return e;
}

/* Copies the entries in order and without equal ones; `size` is what the items take. */
static size_t
entries_drop(struct component_builder *b, struct entry *unique, size_t *size, enum err *e)
{
	const bool facts = component_kind_shape(b->kind) == COMPONENT_SHAPE_FACT;
	size_t count = 0;

	*size = 0;
	if (b->count > 1)
		qsort_r(b->entries, b->count, sizeof(*b->entries), entry_compare, b->bytes.data);
	for (size_t i = 0; i < b->count; i++) {
		const struct entry *entry = &b->entries[i];

		if (count > 0 && facts &&
		    view_equal(entry_key(&unique[count - 1], b->bytes.data),
			entry_key(entry, b->bytes.data))) {
			*e = ERR_MSG_DUPLICATE;
			return 0;
		}
		if (count > 0 && entry_compare(&unique[count - 1], entry, b->bytes.data) == 0)
			continue;
		unique[count++] = *entry;
		*size += entry->size;
	}
	if (*size > COMPONENT_SIZE_MAX)
		*e = ERR_FORMAT_SIZE;
	return count;
}

/* Room for one more entry, and for `size` more bytes. */
static enum err
builder_room(struct component_builder *b, size_t size)
{
	if (b->count == COMPONENT_ITEMS_MAX || size > BUILDER_SIZE_MAX - b->bytes.size)
		return ERR_MSG_RANGE;
	if (b->count == b->capacity) {
		const size_t capacity = b->capacity == 0 ? 64 : 2 * b->capacity;
		struct entry *entries = realloc(b->entries, capacity * sizeof(*entries));

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

	b->entries[b->count++] = (struct entry){
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
	const int order = view_compare(entry_key(a, bytes), entry_key(b, bytes));

	return order != 0 ? order : view_compare(entry_tail(a, bytes), entry_tail(b, bytes));
}

static struct view
entry_key(const struct entry *e, const uint8_t *bytes)
{
	return (struct view){bytes + e->offset + e->key_offset, e->key_size};
}

/* What stands behind the key. */
static struct view
entry_tail(const struct entry *e, const uint8_t *bytes)
{
	const uint32_t begin = e->key_offset + e->key_size;

	return (struct view){bytes + e->offset + begin, e->size - begin};
}

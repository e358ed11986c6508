/*
 * Writing what a builder has gathered: a plain component, or a list and its segments. Segments are
 * handed on one by one, so that only one of them is in memory a second time.
 */
#include <string.h>

#include "proto/evidence/component_builder.h"
#include "proto/evidence/component_list.h"
#include "proto/mp_write.h"

/* Array, kind, form, the array of items; the longest kind has 10 bytes. */
#define HEADER_SIZE_MAX 64

/* An array of a digest and two numbers. */
#define SEGMENT_ENTRY_SIZE_MAX 64

/* Items whose keys are hashed at once: a multiple of DIGEST_LANES. */
#define AT_ONCE 64

/* A list that is being made. */
struct list_writer {
	const struct component_builder *builder;
	component_segment_sink *sink;
	void *context;
	struct buf segment; /* the one that is being made */
	struct buf entries; /* of the segments so far, encoded */
	uint32_t count;     /* of these */
	size_t listed_size; /* bytes of these */
};

static enum err write_plain(const struct component_builder *b, struct buf *to);
static enum err write_list(struct list_writer *w, struct buf *to);
static void look_for_ends(const struct component_builder *b, size_t begin, bool ends[AT_ONCE]);
static enum err write_segment(
    struct list_writer *w, const struct component_entry *entries, size_t count);
static uint8_t *put_header(uint8_t *p, const struct component_builder *b, enum component_form form);
static uint8_t *put_entries(uint8_t *p, const struct component_entry *entries, size_t count);
static enum err take(struct buf *to, const uint8_t *end);

enum err
component_finish(struct component_builder *b, struct buf *to, size_t *item_count)
{
	enum err e = component_builder_sort(b);

	if (e == ERR_OK && b->count > COMPONENT_PLAIN_ITEMS_MAX)
		e = ERR_FORMAT_SIZE;
	if (e == ERR_OK)
		e = write_plain(b, to);
	if (e == ERR_OK)
		*item_count = b->count;
	return e;
}

enum err
component_finish_listed(struct component_builder *b, component_segment_sink *sink, void *context,
    struct buf *to, size_t *item_count)
{
	struct list_writer w = {.builder = b, .sink = sink, .context = context};
	enum err e = component_builder_sort(b);

	if (e == ERR_OK)
		e = b->count <= COMPONENT_PLAIN_ITEMS_MAX ? write_plain(b, to) : write_list(&w, to);
	if (e == ERR_OK)
		*item_count = b->count;
	buf_free(&w.segment);
	buf_free(&w.entries);
	return e;
}

static enum err
write_plain(const struct component_builder *b, struct buf *to)
{
	uint8_t *p;

	if (b->size > COMPONENT_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((p = buf_reserve(to, HEADER_SIZE_MAX + b->made.size + b->size)) == NULL)
		return ERR_MEMORY;
	p = put_header(p, b, COMPONENT_FORM_PLAIN);
	p = mp_put_array(p, (uint32_t)b->count);
	return take(to, put_entries(p, b->entries, b->count));
}

static enum err
write_list(struct list_writer *w, struct buf *to)
{
	const struct component_builder *b = w->builder;
	bool ends[AT_ONCE];
	size_t begin = 0;
	uint8_t *p;
	enum err e;

	for (size_t i = 0; i < b->count; i++) {
		if (i % AT_ONCE == 0)
			look_for_ends(b, i, ends);
		if (i + 1 < b->count && i + 1 - begin < COMPONENT_SEGMENT_ITEMS_MAX &&
		    !ends[i % AT_ONCE])
			continue;
		if ((e = write_segment(w, b->entries + begin, i + 1 - begin)) != ERR_OK)
			return e;
		begin = i + 1;
	}
	if ((p = buf_reserve(to, HEADER_SIZE_MAX + b->made.size + w->entries.size)) == NULL)
		return ERR_MEMORY;
	p = put_header(p, b, COMPONENT_FORM_LIST);
	p = mp_put_array(p, w->count);
	memcpy(p, w->entries.data, w->entries.size);
	return take(to, p + w->entries.size);
}

/* Of the next items, from this one on. */
static void
look_for_ends(const struct component_builder *b, size_t begin, bool ends[AT_ONCE])
{
	const size_t count = b->count - begin < AT_ONCE ? b->count - begin : AT_ONCE;
	struct view keys[AT_ONCE];

	for (size_t i = 0; i < count; i++)
		keys[i] = component_entry_key(&b->entries[begin + i]);
	component_end_segments(keys, count, ends);
}

static enum err
write_segment(struct list_writer *w, const struct component_entry *entries, size_t count)
{
	size_t size = HEADER_SIZE_MAX;
	struct digest digest;
	uint8_t *p, *entry;
	enum err e;

	for (size_t i = 0; i < count; i++)
		size += entries[i].size;
	buf_clear(&w->segment);
	if ((p = buf_reserve(&w->segment, size)) == NULL ||
	    (entry = buf_reserve(&w->entries, SEGMENT_ENTRY_SIZE_MAX)) == NULL)
		return ERR_MEMORY;
	p = put_header(p, w->builder, COMPONENT_FORM_SEGMENT);
	p = mp_put_array(p, (uint32_t)count);
	if ((e = take(&w->segment, put_entries(p, entries, count))) != ERR_OK)
		return e;
	w->listed_size += w->segment.size;
	if (++w->count > COMPONENT_SEGMENTS_MAX || w->listed_size > COMPONENT_LISTED_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	digest_of(w->segment.data, w->segment.size, &digest);
	entry = mp_put_array(entry, 3);
	entry = mp_put_bin(entry, (struct view){digest.bytes, DIGEST_SIZE});
	entry = mp_put_uint(entry, count);
	entry = mp_put_uint(entry, w->segment.size);
	w->entries.size = (size_t)(entry - w->entries.data);
	return w->sink(w->context, buf_view(&w->segment), &digest);
}

/* All that stands before the array of items, or of segments. */
static uint8_t *
put_header(uint8_t *p, const struct component_builder *b, enum component_form form)
{
	p = mp_put_array(p, form == COMPONENT_FORM_SEGMENT ? 3 : 4);
	p = mp_put_str(p, view_of_string(component_kind_name(b->kind)));
	p = mp_put_uint(p, form);
	if (form == COMPONENT_FORM_SEGMENT)
		return p;
	if (b->made.size == 0)
		return mp_put_array(p, 0);
	memcpy(p, b->made.data, b->made.size);
	return p + b->made.size;
}

static uint8_t *
put_entries(uint8_t *p, const struct component_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(p, entries[i].bytes, entries[i].size);
		p += entries[i].size;
	}
	return p;
}

/* What stands behind to->size and before `end` is a whole form. */
static enum err
take(struct buf *to, const uint8_t *end)
{
	const size_t size = (size_t)(end - to->data) - to->size;

	if (size > COMPONENT_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	to->size += size;
	return ERR_OK;
}

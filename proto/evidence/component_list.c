#include "proto/evidence/component_list.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_reader.h"

static enum err read_segments(
    struct component_reader *r, struct component_list *l, struct component_segment *to);
static enum err read_segment(struct component_reader *r, enum component_kind kind,
    const struct component_segment *s, enum component_run run, struct view bytes);
static enum err read_all(struct component_reader *r, const struct component_list *l,
    struct view segments, bool boundaries);
static void copy_made(const struct component_list *l, struct component_reader *r);

enum err
component_list_decode(struct view bytes, struct component_list **out)
{
	struct component_reader r = {.rest = bytes};
	struct component_list head = {0};
	struct component_segment *segments;
	enum component_form form;
	size_t facts_size, values_size;
	enum err e;

	*out = NULL;
	if (bytes.size > COMPONENT_SIZE_MAX)
		return ERR_COMPONENT_FORMAT;
	if ((e = component_read_header(&r, &head.kind, &form)) != ERR_OK)
		return e;
	bytes = r.rest; /* the second pass starts here */
	if (form != COMPONENT_FORM_LIST || component_read_made(&r, &head.made_count) != ERR_OK ||
	    read_segments(&r, &head, NULL) != ERR_OK || r.rest.size > 0)
		return ERR_COMPONENT_FORMAT;
	head.made_value_count = r.value_count;
	facts_size = head.made_count * sizeof(struct component_fact);
	values_size = r.value_count * sizeof(struct view);
	head.storage = malloc(
	    facts_size + values_size + head.segment_count * sizeof(struct component_segment));
	if (head.storage == NULL || (*out = malloc(sizeof(head))) == NULL) {
		free(head.storage);
		return ERR_MEMORY;
	}
	r = (struct component_reader){.rest = bytes, .facts = head.storage};
	r.values = (struct view *)(void *)((uint8_t *)head.storage + facts_size);
	segments = (struct component_segment *)(void *)((uint8_t *)r.values + values_size);
	head.made = r.facts;
	head.segments = segments;
	if (component_read_made(&r, &head.made_count) != ERR_OK ||
	    read_segments(&r, &head, segments) != ERR_OK)
		abort(); /* the same bytes were good a moment ago */
	**out = head;
	return ERR_OK;
}

void
component_list_free(struct component_list **l)
{
	if (*l == NULL)
		return;
	free((*l)->storage);
	free(*l);
	*l = NULL;
}

enum err
component_segment_check(
    enum component_kind kind, const struct component_segment *s, bool last, struct view bytes)
{
	struct component_reader r = {.value_max = COMPONENT_VALUES_MAX};

	return read_segment(
	    &r, kind, s, last ? COMPONENT_RUN_LAST_SEGMENT : COMPONENT_RUN_SEGMENT, bytes);
}

enum err
component_list_join(const struct component_list *l, struct view segments, struct component **out)
{
	struct component_reader r = {.value_max = COMPONENT_VALUES_MAX};
	struct component *c;

	*out = NULL;
	if (segments.size != l->listed_size || read_all(&r, l, segments, true) != ERR_OK)
		return ERR_COMPONENT_FORMAT;
	r.value_count += l->made_value_count;
	if ((c = component_new(l->kind, l->made_count, l->item_count, &r)) == NULL)
		return ERR_MEMORY;
	copy_made(l, &r);
	r.value_max = COMPONENT_VALUES_MAX;
	if (read_all(&r, l, segments, false) != ERR_OK)
		abort(); /* the same bytes were good a moment ago */
	*out = c;
	return ERR_OK;
}

/* Sums are checked as they grow: none can overflow. */
static enum err
read_segments(struct component_reader *r, struct component_list *l, struct component_segment *to)
{
	struct mp_item array, item;
	struct component_segment s;

	if (!component_read_item(&r->rest, MP_ARRAY, &array) ||
	    array.count > COMPONENT_SEGMENTS_MAX)
		return ERR_COMPONENT_FORMAT;
	l->segment_count = array.count;
	l->item_count = l->listed_size = 0;
	for (size_t i = 0; i < array.count; i++) {
		if (!component_read_item(&r->rest, MP_ARRAY, &item) || item.count != 3 ||
		    !component_read_item(&r->rest, MP_BIN, &item) || item.bytes.size != DIGEST_SIZE)
			return ERR_COMPONENT_FORMAT;
		memcpy(s.digest.bytes, item.bytes.data, DIGEST_SIZE);
		if (!component_read_number(&r->rest, COMPONENT_SEGMENT_ITEMS_MAX, &s.count) ||
		    !component_read_number(&r->rest, COMPONENT_SIZE_MAX, &s.size) || s.count == 0 ||
		    s.size == 0)
			return ERR_COMPONENT_FORMAT;
		l->item_count += s.count;
		l->listed_size += s.size;
		if (l->item_count > COMPONENT_ITEMS_MAX ||
		    l->listed_size > COMPONENT_LISTED_SIZE_MAX)
			return ERR_COMPONENT_FORMAT;
		if (to != NULL)
			to[i] = s;
	}
	return l->item_count > COMPONENT_PLAIN_ITEMS_MAX ? ERR_OK : ERR_COMPONENT_FORMAT;
}

/* Goes on behind what `r` has read of the segments before. */
static enum err
read_segment(struct component_reader *r, enum component_kind kind,
    const struct component_segment *s, enum component_run run, struct view bytes)
{
	enum component_kind found;
	enum component_form form;
	struct mp_item items;

	r->rest = bytes;
	if (bytes.size != s->size || component_read_header(r, &found, &form) != ERR_OK ||
	    found != kind || form != COMPONENT_FORM_SEGMENT ||
	    !component_read_item(&r->rest, MP_ARRAY, &items) || items.count != s->count ||
	    component_read_items(r, kind, items.count, run) != ERR_OK || r->rest.size > 0)
		return ERR_COMPONENT_FORMAT;
	return ERR_OK;
}

/* Of segments that have the list's sizes together. */
static enum err
read_all(struct component_reader *r, const struct component_list *l, struct view segments,
    bool boundaries)
{
	for (size_t i = 0; i < l->segment_count; i++) {
		const struct component_segment *s = &l->segments[i];
		const enum component_run run = !boundaries ? COMPONENT_RUN_PLAIN
					       : i + 1 == l->segment_count
						   ? COMPONENT_RUN_LAST_SEGMENT
						   : COMPONENT_RUN_SEGMENT;

		if (read_segment(r, l->kind, s, run,
			(struct view){segments.data, (size_t)s->size}) != ERR_OK)
			return ERR_COMPONENT_FORMAT;
		segments.data += s->size;
	}
	return ERR_OK;
}

/* The component's own facts and values, so that it does not need the list. */
static void
copy_made(const struct component_list *l, struct component_reader *r)
{
	for (size_t i = 0; i < l->made_count; i++) {
		*r->facts = l->made[i];
		r->facts->values = r->values;
		for (size_t v = 0; v < l->made[i].value_count; v++)
			*r->values++ = l->made[i].values[v];
		r->facts++;
	}
}

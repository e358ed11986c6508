#include "signer/session/stored_component.h"

#include <stdlib.h>

static enum err read_bytes(struct evidence_store *s, struct evidence_item *item, uint64_t bytes_max,
    struct stored_component *out);
static enum err read_list(
    struct evidence_store *s, uint64_t bytes_max, struct stored_component *out);
static enum err find_segments(
    struct evidence_store *s, const struct component_list *l, struct evidence_item **items);

uint64_t
stored_component_list_bytes(const struct component_list *l)
{
	return l->listed_size + l->item_count * sizeof(struct component_file);
}

enum err
stored_component_read(struct evidence_store *s, struct evidence_item *item, uint64_t bytes_max,
    struct stored_component *out)
{
	enum err e;

	*out = (struct stored_component){.bytes = BUF_INIT, .segments = BUF_INIT};
	if (item->place.kind != PACK_COMPONENT)
		return ERR_COMPONENT_FORMAT;
	if ((e = read_bytes(s, item, bytes_max, out)) != ERR_OK)
		stored_component_free(out);
	return e;
}

void
stored_component_free(struct stored_component *c)
{
	component_free(&c->component);
	buf_free(&c->bytes);
	buf_free(&c->segments);
}

static enum err
read_bytes(struct evidence_store *s, struct evidence_item *item, uint64_t bytes_max,
    struct stored_component *out)
{
	enum component_kind kind;
	enum component_form form;
	enum err e;

	if ((e = evidence_read(s, item, &out->bytes)) != ERR_OK ||
	    (e = component_form_of(buf_view(&out->bytes), &kind, &form)) != ERR_OK)
		return e;
	if (form == COMPONENT_FORM_LIST)
		return read_list(s, bytes_max, out);
	return component_decode(buf_view(&out->bytes), &out->component); /* refuses segments */
}

static enum err
read_list(struct evidence_store *s, uint64_t bytes_max, struct stored_component *out)
{
	struct evidence_item **items = NULL;
	struct component_list *l;
	enum err e;

	if ((e = component_list_decode(buf_view(&out->bytes), &l)) != ERR_OK)
		return e;
	if (stored_component_list_bytes(l) > bytes_max)
		e = ERR_BUSY;
	else if ((items = calloc(l->segment_count, sizeof(struct evidence_item *))) == NULL)
		e = ERR_MEMORY;
	else
		e = find_segments(s, l, items);
	if (e == ERR_OK && buf_reserve(&out->segments, l->listed_size) == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK &&
	    (e = evidence_read_all(s, items, l->segment_count, &out->segments)) == ERR_OK)
		e = component_list_join(l, buf_view(&out->segments), &out->component);
	free(items);
	component_list_free(&l);
	return e;
}

/* Before one byte of them is read: a size that is not the list's could not be put right any more.
 */
static enum err
find_segments(
    struct evidence_store *s, const struct component_list *l, struct evidence_item **items)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < l->segment_count; i++) {
		items[i] = evidence_find(s, &l->segments[i].digest);
		if (items[i] == NULL)
			e = ERR_NOT_FOUND;
		else if (items[i]->place.kind != PACK_COMPONENT ||
			 items[i]->place.size != l->segments[i].size)
			return ERR_COMPONENT_FORMAT;
	}
	return e;
}

/*
 * Decoding a plain component: one pass that checks everything and counts, one allocation of exactly
 * that size, one pass that fills it.
 */
#include <stdlib.h>

#include "proto/evidence/component.h"
#include "proto/evidence/component_reader.h"

enum err
component_form_of(struct view bytes, enum component_kind *kind, enum component_form *form)
{
	struct component_reader r = {.rest = bytes};

	return component_read_header(&r, kind, form);
}

enum err
component_decode(struct view bytes, struct component **out)
{
	struct component_reader r = {.rest = bytes};
	enum component_kind kind;
	enum component_form form;
	struct mp_item items;
	size_t made_count;
	enum err e;

	*out = NULL;
	if (bytes.size > COMPONENT_SIZE_MAX)
		return ERR_COMPONENT_FORMAT;
	if ((e = component_read_header(&r, &kind, &form)) != ERR_OK)
		return e;
	bytes = r.rest; /* the second pass starts here */
	if (form != COMPONENT_FORM_PLAIN || component_read_made(&r, &made_count) != ERR_OK ||
	    !component_read_item(&r.rest, MP_ARRAY, &items) ||
	    items.count > COMPONENT_PLAIN_ITEMS_MAX ||
	    component_read_items(&r, kind, items.count, COMPONENT_RUN_PLAIN) != ERR_OK ||
	    r.rest.size > 0)
		return ERR_COMPONENT_FORMAT;
	if ((*out = component_new(kind, made_count, items.count, &r)) == NULL)
		return ERR_MEMORY;
	r.rest = bytes;
	if (component_read_made(&r, &made_count) != ERR_OK ||
	    !component_read_item(&r.rest, MP_ARRAY, &items) ||
	    component_read_items(&r, kind, items.count, COMPONENT_RUN_PLAIN) != ERR_OK)
		abort(); /* the same bytes were good a moment ago */
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

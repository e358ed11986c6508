#include "collector/measure/gathered.h"

#include <stdlib.h>

#include "proto/evidence/component_list.h"

enum err
gathered_take(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct gathered *g = context;

	(void)digest;
	(void)t;
	buf_clear(&g->bytes[kind]);
	buf_append_view(&g->bytes[kind], bytes);
	return buf_status(&g->bytes[kind]);
}

enum err
gathered_take_segment(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t)
{
	struct gathered *g = context;

	(void)digest;
	(void)t;
	if (g->bytes[kind].size > 0) { /* it is measured again */
		buf_clear(&g->bytes[kind]);
		buf_clear(&g->segments[kind]);
	}
	buf_append_view(&g->segments[kind], bytes);
	return buf_status(&g->segments[kind]);
}

enum err
gathered_component(const struct gathered *g, enum component_kind kind, struct component **out)
{
	struct view bytes = buf_view(&g->bytes[kind]), segments = buf_view(&g->segments[kind]);
	enum component_kind found;
	enum component_form form;
	struct component_list *l;
	enum err e;

	*out = NULL;
	if ((e = component_form_of(bytes, &found, &form)) != ERR_OK)
		return e;
	if (form != COMPONENT_FORM_LIST)
		return component_decode(bytes, out);
	if ((e = component_list_decode(bytes, &l)) != ERR_OK)
		return e;
	if (l->listed_size > segments.size) {
		component_list_free(&l);
		return ERR_FORMAT;
	}
	/* What stands before these was of a list that could not be made. */
	segments.data += segments.size - l->listed_size;
	segments.size = l->listed_size;
	e = component_list_join(l, segments, out);
	component_list_free(&l);
	return e;
}

void
gathered_free(struct gathered *g)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		buf_free(&g->bytes[kind]);
		buf_free(&g->segments[kind]);
	}
}

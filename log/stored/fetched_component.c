#include "log/stored/fetched_component.h"

#include "proto/evidence/component_list.h"

static enum err read_listed(struct evidence_reader *r, struct fetched_component *s);
static enum err read_segments(
    struct evidence_reader *r, const struct component_list *l, struct buf *to);

enum err
fetched_component_read(
    struct evidence_reader *r, const struct digest *digest, struct fetched_component *out)
{
	enum component_kind kind;
	enum component_form form;
	enum err e;

	*out = (struct fetched_component){.bytes = BUF_INIT, .segments = BUF_INIT};
	if ((e = evidence_reader_get(r, PACK_COMPONENT, digest, &out->bytes)) == ERR_OK)
		e = component_form_of(buf_view(&out->bytes), &kind, &form);
	if (e == ERR_OK)
		e = form == COMPONENT_FORM_LIST
			? read_listed(r, out)
			: component_decode(buf_view(&out->bytes), &out->component);
	out->size = out->bytes.size;
	if (e != ERR_OK)
		fetched_component_free(out);
	return e;
}

void
fetched_component_free(struct fetched_component *s)
{
	component_free(&s->component);
	buf_free(&s->bytes);
	buf_free(&s->segments);
}

static enum err
read_listed(struct evidence_reader *r, struct fetched_component *s)
{
	struct component_list *l;
	enum err e = component_list_decode(buf_view(&s->bytes), &l);

	if (e == ERR_OK)
		e = read_segments(r, l, &s->segments);
	if (e == ERR_OK)
		e = component_list_join(l, buf_view(&s->segments), &s->component);
	component_list_free(&l);
	return e;
}

/* Their sizes are bounded together by the list's decoder. */
static enum err
read_segments(struct evidence_reader *r, const struct component_list *l, struct buf *to)
{
	enum err e = buf_reserve(to, l->listed_size) != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < l->segment_count; i++) {
		const size_t before = to->size;

		e = evidence_reader_get(r, PACK_COMPONENT, &l->segments[i].digest, to);
		if (e == ERR_OK && to->size - before != l->segments[i].size)
			e = ERR_COMPONENT_FORMAT;
	}
	return e;
}

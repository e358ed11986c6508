#include "signer/session/segments.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/component_list.h"
#include "signer/session/stored_component.h"
#include "signer/session/waiting.h"

/* A want that is being made. */
struct asking {
	struct session *session;
	struct message_want want;
	struct buf bitmaps; /* with room for all, so that none moves */
	struct waiting_segment *segments;
	size_t count;
};

static enum err gather_lists(
    struct asking *a, const struct bundle *b, const struct appraiser_components *components);
static enum err gather_list(
    struct asking *a, enum component_kind kind, const struct bundle_component *named);
static enum err check_list(const struct service *s, enum component_kind kind,
    const struct bundle_component *named, const struct component_list *l);
static enum err gather_segments(
    struct asking *a, const struct bundle_component *named, const struct component_list *l);

enum err
segments_ask(struct session *s, struct waiting *w, const struct appraiser_components *components)
{
	const struct bundle *b = &w->filing.bundle;
	struct asking a = {.session = s, .want = {.workload = b->workload}};
	struct evidence_item *item;
	enum component_kind culprit;
	enum err e;

	a.bitmaps = BUF_INIT;
	if ((e = gather_lists(&a, b, components)) == ERR_OK) {
		e = waiting_set_segments(s, w, a.segments, a.count, &culprit);
		a.segments = NULL; /* moved */
		if (e == ERR_COMPONENT_FORMAT && (item = evidence_find(s->service->evidence,
						      &b->component[culprit].digest)) != NULL)
			item->unfit = true;
	}
	if (e == ERR_OK && a.want.list_count > 0) {
		message_write_want(s->output.bytes, &a.want);
		s->output.wake(s->output.context);
	}
	w->asked_segments = e == ERR_OK;
	free(a.segments);
	buf_free(&a.bitmaps);
	return e;
}

static enum err
gather_lists(
    struct asking *a, const struct bundle *b, const struct appraiser_components *components)
{
	struct waiting_segment *fitted;
	enum err e = ERR_OK;

	if (buf_reserve(&a->bitmaps, components->incomplete_count * MESSAGE_BITMAP_MAX) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; e == ERR_OK && i < components->incomplete_count; i++) {
		const enum component_kind kind = components->incomplete[i];

		e = gather_list(a, kind, &b->component[kind]);
	}
	if (e != ERR_OK)
		return e;
	if (a->count == 0)
		return ERR_BUSY; /* damaged a moment ago, and there again: another try will show */
	/* There was room for all segments of all lists. */
	if ((fitted = reallocarray(a->segments, a->count, sizeof(*fitted))) != NULL)
		a->segments = fitted;
	return ERR_OK;
}

static enum err
gather_list(struct asking *a, enum component_kind kind, const struct bundle_component *named)
{
	struct evidence_store *store = a->session->service->evidence;
	struct evidence_item *item = evidence_find(store, &named->digest);
	struct component_list *l = NULL;
	struct buf bytes = BUF_INIT;
	enum err e;

	if (item == NULL)
		return ERR_BUSY;
	if ((e = evidence_read(store, item, &bytes)) != ERR_OK)
		e = item->lost ? ERR_BUSY : e;
	else if ((e = component_list_decode(buf_view(&bytes), &l)) == ERR_OK)
		e = check_list(a->session->service, kind, named, l);
	if (e == ERR_OK)
		e = gather_segments(a, named, l);
	component_list_free(&l);
	buf_free(&bytes);
	return e;
}

/* Before much is sent in vain. */
static enum err
check_list(const struct service *s, enum component_kind kind, const struct bundle_component *named,
    const struct component_list *l)
{
	if (l->kind != kind || l->item_count != named->count)
		return ERR_COMPONENT_FORMAT;
	if (stored_component_list_bytes(l) > s->config->limits.evidence_pending_bytes)
		return ERR_BUSY;
	return ERR_OK;
}

static enum err
gather_segments(
    struct asking *a, const struct bundle_component *named, const struct component_list *l)
{
	struct message_segments *asked = &a->want.lists[a->want.list_count];
	const size_t size = (l->segment_count + 7) / 8;
	uint8_t *bitmap = a->bitmaps.data + a->bitmaps.size;
	struct waiting_segment *segments =
	    reallocarray(a->segments, a->count + l->segment_count, sizeof(*segments));
	bool any = false;

	if (segments == NULL)
		return ERR_MEMORY;
	a->segments = segments;
	memset(bitmap, 0, size);
	for (size_t i = 0; i < l->segment_count; i++) {
		const struct digest *digest = &l->segments[i].digest;

		if (evidence_find(a->session->service->evidence, digest) != NULL)
			continue;
		segments[a->count++] = (struct waiting_segment){
		    .named = l->segments[i], .kind = l->kind, .last = i + 1 == l->segment_count};
		if (waiting_any_lacks(a->session, digest, NULL))
			continue;
		bitmap[i / 8] |= (uint8_t)(0x80 >> i % 8);
		any = true;
	}
	if (any) {
		*asked = (struct message_segments){named->digest, {bitmap, size}};
		a->bitmaps.size += size;
		a->want.list_count++;
	}
	return ERR_OK;
}

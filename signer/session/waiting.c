#include "signer/session/waiting.h"

#include <stdlib.h>

#include "signer/session/holding.h"

static bool lacks_component(
    const struct waiting *w, const struct digest *digest, struct awaited *as);
static size_t first_segment(const struct waiting *w, const struct digest *digest);
static bool is_segment(const struct waiting *w, size_t at, const struct digest *digest);
static int compare_segments(const void *a, const void *b);

enum err
waiting_add(struct session *s, const struct filing *f, struct waiting **out)
{
	struct waiting *w = calloc(1, sizeof(*w)), **end;

	*out = NULL;
	if (w == NULL)
		return ERR_MEMORY;
	w->filing = *f;
	w->bytes = BUF_INIT;
	w->held = sizeof(*w) + f->bytes.size + f->signature.size;
	if (holding_take(s, w->held) != ERR_OK) {
		free(w);
		return ERR_BUSY;
	}
	buf_append_view(&w->bytes, f->bytes);
	buf_append_view(&w->bytes, f->signature);
	/* Decoded again, because the bundle's name is a view into its bytes. */
	if (buf_status(&w->bytes) != ERR_OK ||
	    bundle_decode((struct view){w->bytes.data, f->bytes.size}, &w->filing.bundle) !=
		ERR_OK) {
		holding_give(s, w->held);
		buf_free(&w->bytes);
		free(w);
		return ERR_MEMORY;
	}
	w->filing.bytes = (struct view){w->bytes.data, f->bytes.size};
	w->filing.signature = (struct view){w->bytes.data + f->bytes.size, f->signature.size};
	for (end = &s->waiting; *end != NULL; end = &(*end)->next)
		;
	*end = w;
	s->waiting_count++;
	f->workload->busy = true;
	*out = w;
	return ERR_OK;
}

void
waiting_remove(struct session *s, struct waiting *w)
{
	struct waiting **link = &s->waiting;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	s->waiting_count--;
	w->filing.workload->busy = false;
	holding_give(s, w->held + w->segment_count * sizeof(*w->segments));
	free(w->segments);
	buf_free(&w->bytes);
	free(w);
}

enum err
waiting_set_segments(struct session *s, struct waiting *w, struct waiting_segment *segments,
    size_t count, enum component_kind *culprit)
{
	size_t all = count;

	for (const struct waiting *other = s->waiting; other != NULL; other = other->next)
		all += other->segment_count;
	if (all > WAITING_SEGMENTS_MAX || holding_take(s, count * sizeof(*segments)) != ERR_OK) {
		free(segments);
		return ERR_BUSY;
	}
	qsort(segments, count, sizeof(*segments), compare_segments);
	w->segments = segments;
	w->segment_count = w->segments_left = count;
	for (size_t i = 1; i < count; i++) {
		if (compare_segments(&segments[i - 1], &segments[i]) == 0) {
			*culprit = segments[i].kind;
			return ERR_COMPONENT_FORMAT;
		}
	}
	return ERR_OK;
}

bool
waiting_lacks(const struct waiting *w, const struct digest *digest, struct awaited *as)
{
	if (lacks_component(w, digest, as))
		return true;
	for (size_t i = first_segment(w, digest); is_segment(w, i, digest); i++) {
		const struct waiting_segment *s = &w->segments[i];

		if (s->come)
			continue;
		if (as != NULL)
			*as =
			    (struct awaited){s->named.size, true, s->kind, s->named.count, s->last};
		return true;
	}
	return false;
}

bool
waiting_any_lacks(const struct session *s, const struct digest *digest, struct awaited *as)
{
	for (const struct waiting *w = s->waiting; w != NULL; w = w->next)
		if (waiting_lacks(w, digest, as))
			return true;
	return false;
}

bool
waiting_take(struct waiting *w, const struct digest *digest)
{
	bool complete = true;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (digest_equal(&w->filing.bundle.component[kind].digest, digest))
			w->lacks[kind] = false;
		complete = complete && !w->lacks[kind];
	}
	for (size_t i = first_segment(w, digest); is_segment(w, i, digest); i++) {
		if (!w->segments[i].come)
			w->segments_left--;
		w->segments[i].come = true;
	}
	return complete && w->segments_left == 0;
}

uint64_t
waiting_lacking_bytes(const struct waiting *w)
{
	uint64_t bytes = 0;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (w->lacks[kind])
			bytes += w->filing.bundle.component[kind].size;
	for (size_t i = 0; i < w->segment_count; i++)
		if (!w->segments[i].come)
			bytes += w->segments[i].named.size;
	return bytes;
}

static bool
lacks_component(const struct waiting *w, const struct digest *digest, struct awaited *as)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		const struct bundle_component *c = &w->filing.bundle.component[kind];

		if (!w->lacks[kind] || !digest_equal(&c->digest, digest))
			continue;
		if (as != NULL)
			*as = (struct awaited){.size = c->size};
		return true;
	}
	return false;
}

/* Where it stands, or would stand. */
static size_t
first_segment(const struct waiting *w, const struct digest *digest)
{
	size_t low = 0, high = w->segment_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (digest_compare(&w->segments[middle].named.digest, digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_segment(const struct waiting *w, size_t at, const struct digest *digest)
{
	return at < w->segment_count && digest_equal(&w->segments[at].named.digest, digest);
}

static int
compare_segments(const void *a, const void *b)
{
	const struct waiting_segment *x = a, *y = b;
	const int order = digest_compare(&x->named.digest, &y->named.digest);

	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

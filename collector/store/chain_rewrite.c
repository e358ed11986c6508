#include "collector/store/chain_rewrite.h"

#include "collector/store/chain_queue.h"
#include "proto/digest.h"
#include "proto/evidence/bundle.h"

/* A queue that is being made; number and predecessor of its next record walk along. */
struct rewriting {
	const struct chain_last *last;
	const struct chain_change *change;
	uint64_t seq;
	struct digest tail;
	struct buf *bytes;
};

static enum err rewrite_all(struct rewriting *w, const struct chain_old *old);
static enum err rewrite_record(struct rewriting *w, struct chain_record *r, bool moves);
static void put_record(struct rewriting *w, struct view bundle, struct view signature);
static void move_into_gap(const struct rewriting *w, struct bundle *b, struct buf *storage);

enum err
chain_rewrite(const struct chain_old *old, const struct chain_last *last,
    const struct chain_change *change, struct buf *to)
{
	struct rewriting w = {last, change, last->seq + 1, last->bundle, to};
	enum err e = rewrite_all(&w, old);

	return e == ERR_OK ? buf_status(to) : e;
}

static enum err
rewrite_all(struct rewriting *w, const struct chain_old *old)
{
	const struct chain_change *change = w->change;
	struct chain_record r, late = {.size = 0};
	struct buf storage = BUF_INIT, head = BUF_INIT;
	uint64_t offset = old->begin;
	enum err e = ERR_OK;

	if (change->first.size > 0)
		put_record(w, change->first, change->signature);
	if (change->delays_head)
		e = chain_record_read(old->queue, offset, &head, &late);
	for (size_t i = 0; e == ERR_OK && i < old->count; i++) {
		e = chain_record_read(old->queue, offset, &storage, &r);
		offset += r.size;
		if (e != ERR_OK || (i == 0 && late.size > 0) ||
		    (i >= change->drop_from && i - change->drop_from < change->drop_count))
			continue;
		if (late.size > 0 && late.content.time_ms < r.content.time_ms) {
			e = rewrite_record(w, &late, true);
			late.size = 0;
		}
		if (e == ERR_OK)
			e = rewrite_record(w, &r, change->places && r.content.offline);
	}
	if (e == ERR_OK && late.size > 0)
		e = rewrite_record(w, &late, true);
	buf_free(&storage);
	buf_free(&head);
	return e;
}

/* `moves`: it is, or becomes, a gap record of the present place. */
static enum err
rewrite_record(struct rewriting *w, struct chain_record *r, bool moves)
{
	static const struct view none = {NULL, 0};
	struct buf bundle = BUF_INIT, extensions = BUF_INIT;
	enum err e;

	r->content.seq = w->seq;
	r->content.prev = w->tail;
	if (moves)
		move_into_gap(w, &r->content, &extensions);
	bundle_encode(&r->content, &bundle);
	/* What did not change keeps its signature. */
	if ((e = buf_status(&extensions)) == ERR_OK && (e = buf_status(&bundle)) == ERR_OK)
		put_record(w, buf_view(&bundle),
		    view_equal(buf_view(&bundle), r->bundle) ? r->signature : none);
	buf_free(&bundle);
	buf_free(&extensions);
	return e;
}

static void
put_record(struct rewriting *w, struct view bundle, struct view signature)
{
	chain_record_write(bundle, signature, w->bytes);
	digest_of(bundle.data, bundle.size, &w->tail);
	w->seq++;
}

/* Without a nonce it answers nobody. What it says else is what this version knows of. */
static void
move_into_gap(const struct rewriting *w, struct bundle *b, struct buf *storage)
{
	b->offline = true;
	b->extensions.has_gap = true;
	b->extensions.gap_after = w->last->fresh;
	b->extensions.challenge = (struct view){NULL, 0};
	b->extensions.dropped.bundles = 0; /* another one says it */
	bundle_extensions_write(&b->extensions, storage);
	b->extensions.bytes = buf_view(storage);
}

#include "signer/chronicle/due_ring.h"

static void put(struct due_ring *d, struct workload *w);
static uint64_t look_of(const struct due_ring *d, const struct workload *w);

void
due_ring_begin(struct due_ring *d, uint64_t now_s)
{
	d->looked_s = now_s;
}

void
due_ring_set(struct due_ring *d, struct workload *w)
{
	const uint64_t due_s = w->head.due.at_s;

	if (due_s != 0 && (w->due_link == NULL || due_s + 1 < look_of(d, w)))
		put(d, w);
}

void
due_ring_set_back(struct due_ring *d, uint64_t now_s)
{
	d->looked_s = now_s;
}

bool
due_ring_look(struct due_ring *d, uint64_t now_s, size_t most,
    void (*over)(void *context, struct workload *w), void *context)
{
	/* Behind a whole round of the ring there is nothing left to look at. */
	if (now_s > d->looked_s + DUE_RING_SPAN_S)
		d->looked_s = now_s - DUE_RING_SPAN_S;
	while (d->looked_s < now_s) {
		struct workload *w = d->place[(d->looked_s + 1) % DUE_RING_SPAN_S];

		if (w == NULL) {
			d->looked_s++;
			continue;
		}
		if (most-- == 0)
			return false;
		due_ring_leave(w);
		if (due_is_over(w->head.due, now_s))
			over(context, w);
		else if (w->head.due.at_s != 0)
			put(d, w);
	}
	return true;
}

void
due_ring_move(struct workload *w, struct workload **list)
{
	due_ring_leave(w);
	w->due_place = 0;
	w->due_next = *list;
	if (w->due_next != NULL)
		w->due_next->due_link = &w->due_next;
	w->due_link = list;
	*list = w;
}

void
due_ring_leave(struct workload *w)
{
	if (w->due_link == NULL)
		return;
	*w->due_link = w->due_next;
	if (w->due_next != NULL)
		w->due_next->due_link = w->due_link;
	w->due_link = NULL;
}

/* At the first second in which it is over, as far as the ring reaches. */
static void
put(struct due_ring *d, struct workload *w)
{
	uint64_t look_s = w->head.due.at_s + 1;

	if (look_s <= d->looked_s)
		look_s = d->looked_s + 1;
	if (look_s >= d->looked_s + DUE_RING_SPAN_S)
		look_s = d->looked_s + DUE_RING_SPAN_S - 1;
	due_ring_move(w, &d->place[look_s % DUE_RING_SPAN_S]);
	w->due_place = (uint16_t)(look_s % DUE_RING_SPAN_S + 1);
}

/* The second at which it is looked at next; 0: it is elsewhere. */
static uint64_t
look_of(const struct due_ring *d, const struct workload *w)
{
	const uint64_t next_s = d->looked_s + 1;

	if (w->due_place == 0)
		return 0;
	return next_s +
	       (w->due_place - 1U + DUE_RING_SPAN_S - next_s % DUE_RING_SPAN_S) % DUE_RING_SPAN_S;
}

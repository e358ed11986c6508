#include "log/walk/dues.h"

#include <stdlib.h>

#define COUNT_FIRST 1024

static enum err add(struct dues *d, struct dues_item *item);
static void put(struct dues *d, size_t at, struct dues_item *item);
static void move_up(struct dues *d, size_t at);
static void move_down(struct dues *d, size_t at);
static void remove_first(struct dues *d);

void
dues_free(struct dues *d)
{
	for (size_t i = 0; i < d->count; i++)
		d->heap[i]->place = 0;
	free(d->heap);
	*d = (struct dues){.heap = NULL};
}

enum err
dues_set(struct dues *d, struct dues_item *item, uint64_t at_s)
{
	enum err e;

	if (at_s != 0 && item->place == 0) {
		item->key_s = at_s;
		if ((e = add(d, item)) != ERR_OK)
			return e;
	}
	item->at_s = at_s;
	if (at_s != 0 && at_s < item->key_s) {
		item->key_s = at_s;
		move_up(d, item->place - 1);
	}
	return ERR_OK;
}

struct dues_item *
dues_first(struct dues *d, uint64_t before_s)
{
	while (d->count > 0 && d->heap[0]->key_s < before_s) {
		struct dues_item *item = d->heap[0];

		if (item->at_s == 0) {
			remove_first(d);
		} else if (item->at_s > item->key_s) {
			item->key_s = item->at_s;
			move_down(d, 0);
		} else {
			return item;
		}
	}
	return NULL;
}

static enum err
add(struct dues *d, struct dues_item *item)
{
	if (d->count == d->capacity) {
		const size_t capacity = d->capacity == 0 ? COUNT_FIRST : 2 * d->capacity;
		struct dues_item **heap = realloc(d->heap, capacity * sizeof(struct dues_item *));

		if (heap == NULL)
			return ERR_MEMORY;
		d->heap = heap;
		d->capacity = capacity;
	}
	put(d, d->count++, item);
	move_up(d, d->count - 1);
	return ERR_OK;
}

static void
put(struct dues *d, size_t at, struct dues_item *item)
{
	d->heap[at] = item;
	item->place = at + 1;
}

static void
move_up(struct dues *d, size_t at)
{
	struct dues_item *item = d->heap[at];

	while (at > 0 && d->heap[(at - 1) / 2]->key_s > item->key_s) {
		put(d, at, d->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(d, at, item);
}

static void
move_down(struct dues *d, size_t at)
{
	struct dues_item *item = d->heap[at];

	for (size_t child; (child = 2 * at + 1) < d->count; at = child) {
		if (child + 1 < d->count && d->heap[child + 1]->key_s < d->heap[child]->key_s)
			child++;
		if (d->heap[child]->key_s >= item->key_s)
			break;
		put(d, at, d->heap[child]);
	}
	put(d, at, item);
}

static void
remove_first(struct dues *d)
{
	d->heap[0]->place = 0;
	if (--d->count > 0) {
		put(d, 0, d->heap[d->count]);
		move_down(d, 0);
	}
}

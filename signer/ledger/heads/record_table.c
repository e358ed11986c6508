#include "signer/ledger/heads/record_table.h"

#include <stdlib.h>

#define PLACES_MIN 64

static enum err grow(struct record_table *t);
static void put(struct record_table *t, struct record_hash *r);

void
record_table_free(struct record_table *t)
{
	free(t->place);
	*t = (struct record_table){NULL, 0, 0, 0};
}

/* An eighth of the places is free at least, so that walks are short. */
enum err
record_table_add(struct record_table *t, struct record_hash *r)
{
	if ((t->place == NULL || t->count + 1 > (t->mask + 1) / 8 * 7) && grow(t) != ERR_OK)
		return ERR_MEMORY;
	put(t, r);
	t->count++;
	return ERR_OK;
}

/* What stands behind it moves up, where its walk would end at the hole. */
void
record_table_remove(struct record_table *t, const struct record_hash *r)
{
	size_t hole = r->hash & t->mask, at;

	while (t->place[hole] != r)
		hole = (hole + 1) & t->mask;
	for (at = (hole + 1) & t->mask; t->place[at] != NULL; at = (at + 1) & t->mask) {
		const size_t home = t->place[at]->hash & t->mask;

		if (((at - home) & t->mask) < ((at - hole) & t->mask))
			continue;
		t->place[hole] = t->place[at];
		hole = at;
		t->moves++;
	}
	t->place[hole] = NULL;
	t->count--;
}

struct record_hash *
record_table_each(const struct record_table *t, size_t *at)
{
	if (t->place == NULL)
		return NULL;
	while (*at <= t->mask)
		if (t->place[(*at)++] != NULL)
			return t->place[*at - 1];
	return NULL;
}

static enum err
grow(struct record_table *t)
{
	const size_t places = t->place == NULL ? PLACES_MIN : 2 * (t->mask + 1);
	struct record_table old = *t;
	struct record_hash *r;

	if ((t->place = calloc(places, sizeof(struct record_hash *))) == NULL) {
		*t = old;
		return ERR_MEMORY;
	}
	t->mask = places - 1;
	t->moves++;
	for (size_t at = 0; (r = record_table_each(&old, &at)) != NULL;)
		put(t, r);
	free(old.place);
	return ERR_OK;
}

static void
put(struct record_table *t, struct record_hash *r)
{
	size_t at = r->hash & t->mask;

	while (t->place[at] != NULL)
		at = (at + 1) & t->mask;
	t->place[at] = r;
}

#include "register/alert/alert_list.h"

#include <stdlib.h>

#define ROOM_FIRST 64

void
alert_list_free(struct alert_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->all[i]);
	free((void *)l->all);
	*l = (struct alert_list){0};
}

enum err
alert_list_add(struct alert_list *l, const struct alert *like, struct alert **out)
{
	*out = NULL;
	if (l->count >= ALERT_LIST_MAX)
		return ERR_OK;
	if (l->count == l->room) {
		const size_t room = l->room == 0 ? ROOM_FIRST : 2 * l->room;
		struct alert **all = reallocarray((void *)l->all, room, sizeof(struct alert *));

		if (all == NULL)
			return ERR_MEMORY;
		l->all = all;
		l->room = room;
	}
	if ((*out = malloc(sizeof(**out))) == NULL)
		return ERR_MEMORY;
	**out = *like;
	l->all[l->count++] = *out;
	return ERR_OK;
}

void
alert_add_place(struct alert *a, const struct peer *p, uint64_t entry, uint64_t time_s)
{
	const size_t named = a->place_count < ALERT_PLACES_MAX ? a->place_count : ALERT_PLACES_MAX;

	a->last_entry = entry;
	a->last_s = time_s;
	for (size_t i = 0; i < named; i++)
		if (a->place[i] == p)
			return;
	if (named < ALERT_PLACES_MAX)
		a->place[named] = p;
	a->place_count++;
}

void
alert_over(struct alert **a, enum alert_end why, uint64_t entry, uint64_t time_s)
{
	if (*a == NULL)
		return;
	(*a)->end = why;
	(*a)->end_entry = entry;
	(*a)->end_s = time_s;
	*a = NULL;
}

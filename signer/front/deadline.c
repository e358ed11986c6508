#include "signer/front/deadline.h"

#include <stddef.h>

void
deadline_arm(struct deadlines *all, struct deadline *d, enum deadline_class class, uint64_t now_ms)
{
	deadline_disarm(all, d);
	if (class == DEADLINE_NONE)
		return;
	d->class = class;
	d->expires_ms = now_ms + all->timeout_ms[class];
	d->previous = all->last[class];
	if (d->previous != NULL)
		d->previous->next = d;
	else
		all->first[class] = d;
	all->last[class] = d;
}

void
deadline_keep(struct deadlines *all, struct deadline *d, enum deadline_class class, uint64_t now_ms)
{
	if (d->class != class)
		deadline_arm(all, d, class, now_ms);
}

void
deadline_disarm(struct deadlines *all, struct deadline *d)
{
	enum deadline_class class = d->class;

	if (class == DEADLINE_NONE)
		return;
	if (d->previous != NULL)
		d->previous->next = d->next;
	else
		all->first[class] = d->next;
	if (d->next != NULL)
		d->next->previous = d->previous;
	else
		all->last[class] = d->previous;
	d->next = NULL;
	d->previous = NULL;
	d->class = DEADLINE_NONE;
}

struct deadline *
deadline_expired(struct deadlines *all, uint64_t now_ms)
{
	for (unsigned class = DEADLINE_NONE + 1; class < DEADLINE_CLASSES; class ++)
		if (all->first[class] != NULL && all->first[class]->expires_ms <= now_ms)
			return all->first[class];
	return NULL;
}

#include "register/listeners.h"

#include <stdlib.h>

static uint64_t kept(void *context, unsigned log);
static void keep(void *context, unsigned log);
static void forget(void *context, unsigned log);
static void tell_entry(void *context, const struct followed_entry *entry);
static void tell_state(void *context, const struct followed_state *state);
static void tell_alarm(void *context, const struct followed_alarm *alarm);
static void tell_acknowledged(void *context, unsigned log);

void
listeners_add(struct listeners *all, const struct followed_listener *one)
{
	if (all->count == LISTENERS_MAX)
		abort(); /* the register has fewer parts */
	all->listener[all->count++] = *one;
}

struct followed_listener
listeners_whole(struct listeners *all)
{
	return (struct followed_listener){.context = all,
	    .kept = kept,
	    .keep = keep,
	    .forget = forget,
	    .entry = tell_entry,
	    .state = tell_state,
	    .alarm = tell_alarm,
	    .acknowledged = tell_acknowledged};
}

static uint64_t
kept(void *context, unsigned log)
{
	const struct listeners *all = context;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < all->count; i++) {
		const struct followed_listener *one = &all->listener[i];
		const uint64_t its = one->kept != NULL ? one->kept(one->context, log) : UINT64_MAX;

		if (its < least)
			least = its;
	}
	return least;
}

#define TELL_EACH(member, about)                                                                   \
	do {                                                                                       \
		const struct listeners *all = context;                                             \
                                                                                                   \
		for (size_t i = 0; i < all->count; i++)                                            \
			if (all->listener[i].member != NULL)                                       \
				all->listener[i].member(all->listener[i].context, about);          \
	} while (0)

static void
keep(void *context, unsigned log)
{
	TELL_EACH(keep, log);
}

static void
forget(void *context, unsigned log)
{
	TELL_EACH(forget, log);
}

static void
tell_entry(void *context, const struct followed_entry *entry)
{
	TELL_EACH(entry, entry);
}

static void
tell_state(void *context, const struct followed_state *state)
{
	TELL_EACH(state, state);
}

static void
tell_alarm(void *context, const struct followed_alarm *alarm)
{
	TELL_EACH(alarm, alarm);
}

static void
tell_acknowledged(void *context, unsigned log)
{
	TELL_EACH(acknowledged, log);
}

/*
 * Alerts of a log, in the order in which they came.
 */
#ifndef HALLMARK_REGISTER_ALERT_ALERT_LIST_H
#define HALLMARK_REGISTER_ALERT_ALERT_LIST_H

#include "register/alert/alert.h"

/* A log that gives more has a cause that somebody has looked for by then. */
#define ALERT_LIST_MAX 100000

/* Zero-initialised. */
struct alert_list {
	size_t count, room;
	struct alert **all;
};

void alert_list_free(struct alert_list *l);

/*
 * A new one, as `like` says, which lasts and is about nobody yet. *out is NULL where the list has
 * all that it takes (ALERT_LIST_MAX). ERR_MEMORY.
 */
enum err alert_list_add(
    struct alert_list *l, const struct alert *like, struct alert **out) MUST_USE;

/* One more that it is about, unless it names it already. */
void alert_add_place(struct alert *a, const struct peer *p, uint64_t entry, uint64_t time_s);

/* It is over; takes NULL, and leaves it. */
void alert_over(struct alert **a, enum alert_end why, uint64_t entry, uint64_t time_s);

#endif

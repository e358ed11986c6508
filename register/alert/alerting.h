/*
 * The alerts of all logs that are followed, kept up with what their views hold by a thread of its
 * own: it holds up nobody who follows, and a view that is large is read in its time after a start.
 */
#ifndef HALLMARK_REGISTER_ALERT_ALERTING_H
#define HALLMARK_REGISTER_ALERT_ALERTING_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/err.h"
#include "register/alert/peers.h"

/* Views are looked at so often: their writers commit four times a second. */
#define ALERTING_LOOK_MS 500

struct alerting;

/* A log. Its strings must outlive who is started with them. */
struct alerting_log {
	const char *name;
	const char *view;     /* file */
	const char *evidence; /* directory of the packs, where statements are; NULL: none */
};

/* Logs are numbered as they stand there. ERR_MEMORY. */
enum err alerting_start(
    const struct alerting_log *logs, size_t count, struct alerting **out) MUST_USE;

/* Waits for the thread. Takes NULL. */
void alerting_stop(struct alerting **a);

/*
 * What there is of one log, until it is given back; it moves on for nobody in between. From any
 * thread. *up_to_date: all of its view has been read. NULL: there is nothing, for want of memory.
 */
const struct peers *alerting_take(struct alerting *a, unsigned log, bool *up_to_date);
void alerting_give_back(struct alerting *a);

#endif

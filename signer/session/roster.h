/*
 * The roster: which collectors are here, so that one can be asked for a measurement. Sessions that
 * have been greeted stand in it by identity; one collector may have several. Coming and going cost
 * a look into a hash table, a bundle costs nothing.
 */
#ifndef HALLMARK_SIGNER_SESSION_ROSTER_H
#define HALLMARK_SIGNER_SESSION_ROSTER_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

struct roster;
struct session;

/* Where a session stands in it; zero-initialised: nowhere. */
struct roster_place {
	struct roster_entry *entry;
	struct session *next, *previous; /* of the same collector, the newest first */
};

struct roster *roster_new(void); /* NULL: no memory */
void roster_free(struct roster **r);

/* ERR_MEMORY: it is not in it. */
enum err roster_add(struct roster *r, struct session *s) MUST_USE;

/* Nothing for one that is not in it. */
void roster_remove(struct roster *r, struct session *s);

/*
 * The collector's session on the connection whose number has this low half; if that is not in it,
 * its newest one; NULL if it has none.
 */
struct session *roster_find(const struct roster *r, struct view identity, uint32_t number);

#endif

/*
 * What was granted, in a database of its own, grants.db: it is no cache, as how much may still be
 * granted follows from it.
 */
#ifndef HALLMARK_REGISTER_GRANT_GRANT_STORE_H
#define HALLMARK_REGISTER_GRANT_GRANT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define GRANT_STORE_FILE "grants.db" /* in the state directory */

struct grant_store;

/* Made if it is not there. ERR_IO, said in the log: it is never made anew; ERR_MEMORY. */
enum err grant_store_open(const char *path, struct grant_store **out) MUST_USE;
void grant_store_close(struct grant_store **s);

/* One that is given. */
struct grant_given {
	uint64_t number;        /* of the statement: larger than any before, given by the store */
	uint64_t time_s;        /* when it is given */
	struct view event;      /* id of what it is given for: once */
	struct view log, peers; /* of those that are alike: their group's name, or their own */
};

/* How many were given since a time: of all, and of these. */
enum err grant_store_count_all(struct grant_store *s, uint64_t since_s, uint64_t *count) MUST_USE;
enum err grant_store_count(struct grant_store *s, const struct grant_given *like, uint64_t since_s,
    uint64_t *count) MUST_USE;

/*
 * Durable when it returns; `number` is filled in. ERR_NOT_FOUND: something was given for this event
 * already; ERR_IO.
 */
enum err grant_store_give(struct grant_store *s, struct grant_given *g) MUST_USE;

/* Whether a log has an alarm that stands, as events tell: it is asked over restarts. */
enum err grant_store_set_alarmed(struct grant_store *s, struct view log, bool alarmed) MUST_USE;
enum err grant_store_is_alarmed(struct grant_store *s, struct view log, bool *alarmed) MUST_USE;

#endif

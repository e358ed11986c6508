/*
 * Which contents a component holds, looked up in the evidence store: so that a digest leads to the
 * workloads that had it, and since when. Each distinct component is looked into once, and of a list
 * each distinct segment: of a hundred thousand files of which one has changed, one segment is new.
 *
 * It is done behind the log, where there is time for it. A component that the store does not have
 * (yet) is asked for again when the store has grown.
 */
#ifndef HALLMARK_REGISTER_VIEW_ARTIFACTS_H
#define HALLMARK_REGISTER_VIEW_ARTIFACTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

/* Some 12 bytes each, and 100 for each distinct path or content. A log whose evidence has more is
 * not looked into further; answers say how many components were not. */
#define ARTIFACTS_ITEMS_MAX 10000000

struct artifacts;

/* `evidence`: directory of the store's packs. ERR_IO, ERR_MEMORY. */
enum err artifacts_open(sqlite3 *db, const char *evidence, struct artifacts **out) MUST_USE;
void artifacts_close(struct artifacts **a);

/* Whether there may be something to do. */
bool artifacts_has_more(const struct artifacts *a);

/* New components were put into the view. */
void artifacts_wake(struct artifacts *a);

/* For about so long, within the writer's transaction. ERR_IO: the transaction is lost. */
enum err artifacts_look(struct artifacts *a, uint64_t budget_ms) MUST_USE;

#endif

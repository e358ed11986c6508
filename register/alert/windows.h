/*
 * When changes are to be expected: maintenance that operators have announced, by statements in the
 * log. A window counts from its notice on, and until it is revoked.
 */
#ifndef HALLMARK_REGISTER_ALERT_WINDOWS_H
#define HALLMARK_REGISTER_ALERT_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/statement/statement.h"

struct window;

/* Zero-initialised. */
struct windows {
	struct window *first;
};

void windows_free(struct windows *w);

/*
 * A statement that was taken into the log: a maintenance is added, a revoke takes one away; nothing
 * of others. ERR_MEMORY.
 */
enum err windows_take(
    struct windows *w, const struct digest *name, const struct statement *s) MUST_USE;

/* Whether one of them is about this workload at this time. Those that are over are forgotten. */
bool windows_cover(struct windows *w, struct view collector, struct view workload, uint64_t time_s);

#endif

/*
 * What is known of each workload for deciding: of each log its newest report that was measured
 * online, and that it is silent. A table in memory, of the main loop alone; rows come from
 * decide_queue.h, and so only of entries that were checked and whose verdicts were made again.
 *
 * Time is the caller's: seconds since 1970 as the host's clock has them, and milliseconds of
 * CLOCK_BOOTTIME, which goes on while the host is suspended.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDED_H
#define HALLMARK_REGISTER_DECIDE_DECIDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "register/decide/decided_row.h"
#include "register/follow/followed.h"

#define DECIDED_LOGS_MAX 64      /* as many as register.yaml may have */
#define DECIDED_ROWS_MAX 2000000 /* workloads, of each log: beyond it a new one is not known */

struct decided_subject; /* a workload of a collector, over all logs */

struct decided_log {
	bool followed; /* it was, to its end, since the start */
	bool filled;   /* all that it says of workloads is in the table */
	bool alarm;
	uint64_t newest_s; /* iat of its newest entry; 0: none */
	uint64_t seen_ms; /* CLOCK_BOOTTIME of its newest good checkpoint that it was followed to */
	uint64_t size;    /* entries whose verdicts were made again */
	uint64_t checked;
	/* A size that it had, at a time, and that replay has not reached: so old is what it is at.
	 */
	uint64_t mark_size, mark_ms;
};

struct decided_table;

/* ERR_MEMORY, ERR_CRYPTO. */
enum err decided_new(size_t logs, struct decided_table **out) MUST_USE;
void decided_free(struct decided_table **t);

/* Rows of one log come in its order; one that was there already changes nothing. */
void decided_put(struct decided_table *t, const struct decided_row *row);
/* An image's newest report alone, as it was kept: nothing is said of a workload. */
void decided_put_image(struct decided_table *t, const struct decided_row *row);
void decided_state(struct decided_table *t, const struct followed_state *state, uint64_t now_ms);
void decided_alarm(struct decided_table *t, unsigned log, bool standing);

/* Nothing that was put of this log counts any more. */
void decided_forget(struct decided_table *t, unsigned log);

/* All that stands in a log before what is told of it is in the table: it began at entry 0, or was
 * filled. Until then nobody is unknown there. */
void decided_filled(struct decided_table *t, unsigned log);

const struct decided_log *decided_log(const struct decided_table *t, unsigned log);
size_t decided_logs(const struct decided_table *t);

/* Goes up with all that may change a decision. */
uint64_t decided_version(const struct decided_table *t);

/* NULL: nothing is known of it. */
const struct decided_subject *decided_find(
    const struct decided_table *t, struct view collector, struct view workload);
const struct decided *decided_of(const struct decided_subject *s);
struct view decided_collector(const struct decided_subject *s);
struct view decided_workload(const struct decided_subject *s);

/*
 * Those whose newest report of this log says that they are of this group, and that have not left.
 * None is a chain of what is measured before a start.
 * NULL behind the last.
 */
struct decided_member {
	const struct decided_subject *subject;
	struct decided_member *next, *prev;
};
const struct decided_member *decided_group(
    const struct decided_table *t, unsigned log, struct view group);

struct decided_images;
const struct decided_images *decided_images(const struct decided_table *t);

/* How many workloads are known. */
size_t decided_count(const struct decided_table *t);

#endif

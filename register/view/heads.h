/*
 * Workloads as a writer has them in memory, one head each, some 400 bytes: what the next report is
 * held against. A report that changes nothing moves numbers here, and touches no row.
 */
#ifndef HALLMARK_REGISTER_VIEW_HEADS_H
#define HALLMARK_REGISTER_VIEW_HEADS_H

#include <stdbool.h>
#include <stdint.h>

#define uthash_fatal(message) abort()
#include <stdlib.h>
#include <uthash.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/report.h"
#include "proto/siphash.h"
#include "register/view/places.h"

/* What a register takes of one log, as the walk does: a log with more is not wrong. */
#define HEADS_MAX 2000000

struct head {
	UT_hash_handle hh;
	uint64_t n, host; /* rows of the workload and of its host */
	uint64_t state;   /* row of what it states now; 0: nothing yet */
	enum report_status tier;
	struct digest stated;                                     /* and its digest */
	uint64_t from_entry, from_s, last_entry, last_s, reports; /* of the open interval */
	uint64_t expires_s;            /* until when its newest report may be relied upon */
	uint64_t due_s;                /* when it has to be heard of again; 0: not known */
	bool left;                     /* its newest report says that it is the last */
	uint8_t boot[BOOT_ID_SIZE];    /* of its newest report; zero: of none yet */
	uint64_t gap_entry, gap_state; /* of the open interval of gap records; 0: there is none */
	uint64_t silent_entry,
	    silent_s;         /* of the absence that began its silence; 0: it is heard of */
	struct places places; /* of its newest reports */
	bool has_findings;    /* some may be open */
	struct head *next_touched;
	bool touched;                   /* its row is not what stands here */
	bool stored;                    /* there is a row */
	enum report_status stored_tier; /* that stands in it */
	size_t collector_size, name_size;
	uint8_t names[]; /* one behind the other, a line feed between them */
};

struct head_host {
	UT_hash_handle hh;
	uint64_t n;
	size_t size;
	uint8_t collector[];
};

/* Zero-initialised but for the key. */
struct heads {
	struct head *all;
	struct head_host *hosts;
	struct head *touched, *last_touched; /* those whose rows have to be written, as they came */
	struct siphash_key key;
	struct buf scratch;
};

/* ERR_CRYPTO: there is no chance to be had. */
enum err heads_init(struct heads *h) MUST_USE;
void heads_free(struct heads *h);

/* NULL if there is none. */
struct head *heads_find(struct heads *h, struct view collector, struct view name);
struct head_host *heads_find_host(struct heads *h, struct view collector);

/* It must not be there yet. NULL for want of memory, or of room. */
struct head *heads_add(struct heads *h, struct view collector, struct view name);
struct head_host *heads_add_host(struct heads *h, struct view collector, uint64_t n);

void heads_touch(struct heads *h, struct head *head);

/* The first of those that were touched, which is so no more; NULL: none is. */
struct head *heads_take_touched(struct heads *h);

struct view head_collector(const struct head *h);
struct view head_name(const struct head *h);

#endif

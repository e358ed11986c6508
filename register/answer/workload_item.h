/*
 * A workload as lists and its own page show it, now or at an entry before.
 */
#ifndef HALLMARK_REGISTER_ANSWER_WORKLOAD_ITEM_H
#define HALLMARK_REGISTER_ANSWER_WORKLOAD_ITEM_H

#include "register/answer/answering.h"

/* What a row of WORKLOAD_... columns says at the open log's `at`. Views last as long as the row. */
struct workload_item {
	uint64_t n;
	struct view collector, name;
	bool stated;   /* there was a report that is no gap record */
	bool reported; /* there was any entry of it */
	enum report_status tier;
	uint64_t state;
	struct view policy, body; /* of the state, once it was asked for */
	uint64_t from_entry, from_s, last_entry, last_s;
	uint64_t reports;                /* of the interval; only of now */
	uint64_t expires_s, due_s;       /* only of now */
	bool left;                       /* only of now */
	uint64_t silent_entry, silent_s; /* 0: it is heard of */
	struct buf storage;              /* of what had to be asked beside the row */
};

/* Zero-initialised or used before. False: refused. */
bool workload_item_read(struct answering *x, sqlite3_stmt *row, struct workload_item *out);
/* Its policy and body. False: refused. */
bool workload_item_state(struct answering *x, struct workload_item *w);
void workload_item_free(struct workload_item *w);

/* The members that every list of workloads has. NULL: refused. */
json_t *workload_item_json(struct answering *x, struct workload_item *w);

/*
 * Of the workload of this number, its names and its link into `to` (or NULL), where it is wanted
 * and may be seen: `seen`. False: refused.
 */
bool workload_item_name(struct answering *x, uint64_t n, json_t *to, bool *seen);

/* "/v1/workloads/LOG/COLLECTOR/NAME", and "/v1/reports/LOG/INDEX". */
json_t *workload_link(const struct answering *x, struct view collector, struct view name);
json_t *report_link(const struct answering *x, uint64_t entry);

#endif

/*
 * Silence: workloads that promised to report and did not get an absence in the log.
 *
 * Absences of one collector come in rounds, a minute apart at least: so its entries are bounded,
 * whatever it announces, and a host that died is in one entry with all its workloads.
 *
 * No call takes long: what is left over is taken up by the next one. Looking at 20,000 workloads,
 * or writing 256 entries, takes some milliseconds. A start alone moves all dues at once.
 *
 * Maintenance moves the dues of all workloads, piece by piece. Until that is done the windows in
 * force must stay the same: then it makes no difference when a due is moved, if it is before it is
 * over. So nobody puts a notice while absences_are_moving, or absences_settle has to be called
 * before.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_ABSENCES_H
#define HALLMARK_SIGNER_CHRONICLE_ABSENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/due.h"
#include "signer/chronicle/due_ring.h"
#include "signer/chronicle/notice_writer.h"
#include "signer/ledger/heads/workload.h"

struct silent_collector; /* with workloads that are overdue, or with a round in the last minute */

struct absences {
	struct workload_table *workloads;
	struct notice_writer *notices;
	struct due_ring ring;
	struct silent_collector *table;
	struct silent_collector *ready, **ready_end;     /* may have a round, the first first */
	struct silent_collector *resting, **resting_end; /* had one, the first first */
	uint64_t silent; /* workloads that are absent since their newest report */
	uint64_t swept_s;
	bool behind; /* the last sweep left something */
	bool moving; /* maintenance has not reached all workloads yet */
	struct workload_walk walk;
};

void absences_init(
    struct absences *s, struct workload_table *workloads, struct notice_writer *notices);
void absences_free(struct absences *s);

/* A start notice was put, the first after the start too: it may move every due. */
void absences_on_start(struct absences *s, uint64_t from_s, uint64_t to_s);

/* Statements and manifests have to wait. */
bool absences_are_moving(const struct absences *s);

/* Ends that at once. */
void absences_settle(struct absences *s);

/* This statement was taken, by a notice of this time. */
void absences_on_statement(struct absences *s, const struct statement *said, uint64_t iat_s);

/* The due of a workload, moved behind the maintenance that is in force. */
struct due absences_in_windows(const struct absences *s, struct due d, const struct workload *w);

/* A report of it was staged, with its due; `before`: the due that it had. */
void absences_on_report(struct absences *s, struct workload *w, struct due before);

/* Puts the absences that an entry of this time must not precede, or begins to. */
void absences_sweep(struct absences *s, uint64_t iat_s);

/* So much is left over that no report may come before it. */
bool absences_is_late(const struct absences *s);

#endif

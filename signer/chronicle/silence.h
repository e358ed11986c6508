/*
 * Silence: workloads that promised to report and did not get an absence in the log.
 *
 * Absences of one collector come in rounds, a minute apart at least: so its entries are bounded,
 * whatever it announces, and a host that died is in one entry with all its workloads.
 *
 * No call takes long: what is left over is taken up by the next one. Looking at 20,000 workloads,
 * or writing 256 entries, takes some milliseconds.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_SILENCE_H
#define HALLMARK_SIGNER_CHRONICLE_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/due.h"
#include "signer/chronicle/dues.h"
#include "signer/chronicle/notices.h"
#include "signer/ledger/workload.h"

struct silent_collector; /* with workloads that are overdue, or with a round in the last minute */

struct silence {
	struct workload_table *workloads;
	struct notices *notices;
	struct dues dues;
	struct silent_collector *table;
	struct silent_collector *ready, **ready_end;     /* may have a round, the first first */
	struct silent_collector *resting, **resting_end; /* had one, the first first */
	uint64_t silent; /* workloads that are absent since their newest report */
	uint64_t swept_s;
	bool behind; /* the last sweep left something */
};

void silence_init(struct silence *s, struct workload_table *workloads, struct notices *notices);
void silence_free(struct silence *s);

/* A start notice was put, the first after the start too: no due is before its end, and grace. */
void silence_on_start(struct silence *s, uint64_t to_s);

/* This statement was taken. */
void silence_on_statement(struct silence *s, const struct statement *said);

/* The due of a workload, moved behind the maintenance that is in force. */
struct due silence_in_windows(const struct silence *s, struct due d, const struct workload *w);

/* A report of it was staged, with its due; `before`: the due that it had. */
void silence_on_report(struct silence *s, struct workload *w, struct due before);

/* Puts the absences that an entry of this time must not precede, or begins to. */
void silence_sweep(struct silence *s, uint64_t iat_s);

/* So much is left over that no report may come before it. */
bool silence_is_late(const struct silence *s);

#endif

/*
 * Submitting one bundle, and what is done about its answer: the table in
 * collector/report/reporter.h.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_SUBMIT_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_SUBMIT_H

#include "collector/report/receipt.h"
#include "collector/report/reporter_outcome.h"
#include "collector/report/reporter_state.h"

/* A nonce can expire while a workload is measured; more than that is no accident. */
#define REPORTER_FRESH_TRIES_MAX 3

/* What came of the bundle at the head of a workload's queue. */
enum reporter_step {
	REPORTER_STEP_RECEIPT, /* saved and acknowledged */
	REPORTER_STEP_CHANGED, /* the head was dropped or altered */
	REPORTER_STEP_KEPT,    /* refused, and stays */
	REPORTER_STEP_PASSED,  /* the same, of a gap record that the signer has not: others may go
				  first */
	REPORTER_STEP_LOST,    /* the session is over */
	REPORTER_STEP_FAILED,  /* the state cannot be kept */
};

/* Connected, and something waits. `out` is filled where there is a receipt. */
enum reporter_step reporter_submit_head(
    struct reporter *r, struct reporter_workload *w, struct receipt_summary *out);

/*
 * Before a workload is reported: what may have been sent of it is sent again, so that it is known
 * whether the signer has it. DONE: nothing of the queue may be there. Connected.
 */
enum reporter_outcome reporter_settle(struct reporter *r, struct reporter_workload *w);

/*
 * All that may go of what waits. `last_word`: until the time for one is over; else until the
 * program is asked to stop. Connected.
 */
enum reporter_outcome reporter_submit_waiting(
    struct reporter *r, struct reporter_workload *w, bool last_word);

/* What such a step means for the workload. */
enum reporter_outcome reporter_outcome_of(enum reporter_step step);

#endif

/*
 * What came of one workload in a round: what submitting a bundle answers, and reporting with it.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_OUTCOME_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_OUTCOME_H

enum reporter_outcome {
	REPORTER_DONE,    /* fresh evidence has its receipt; or, offline, it is in the spool */
	REPORTER_REFUSED, /* not now: could not be measured, was refused, or the spool is full */
	REPORTER_LOST,    /* the session with the signer is over */
	REPORTER_FAILED,  /* the state cannot be kept, or nothing be measured any more: the program
			     must stop */
};

#endif

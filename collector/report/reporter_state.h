/*
 * The inside of struct reporter, shared by reporter.c (sessions, logs, chains) and
 * reporter_submit.c (bundles and their answers).
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_STATE_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_STATE_H

#include <openssl/evp.h>

#include "collector/measure/filehash.h"
#include "collector/measure/measure.h"
#include "collector/report/chain.h"
#include "collector/report/client.h"
#include "collector/report/reporter.h"
#include "collector/report/state.h"

/* What is known of one workload. */
struct reporter_workload {
	const struct collector_workload *config;
	struct chain *chain;            /* in the current log; NULL: not opened yet */
	struct measurement measurement; /* the newest one: its components are kept */
	bool spool_was_full;            /* told already */
};

struct reporter {
	const struct collector_config *config;
	struct state *state;
	struct channel_context *tls;
	struct filehash *hash;
	EVP_PKEY **log_key;    /* by signer; NULL: not configured */
	int receipts;          /* directory */
	struct client *client; /* NULL: not connected */
	struct buf log;        /* origin of the current log; empty: none yet */
	int log_dir;
	struct reporter_workload *workloads;
	bool stored; /* a component was stored since the last tidying */
	bool failed; /* the state could not be kept */
};

/* Opens the workload's chain in the current log. ERR_FORMAT (told), ERR_IO (failed). */
enum err reporter_open_chain(struct reporter *r, struct reporter_workload *w) MUST_USE;

/* Measures and appends to the chain: with the session's nonce, or offline. False: told why not. */
bool reporter_measure(struct reporter *r, struct reporter_workload *w, bool offline);

/* Ends the session. */
void reporter_disconnect(struct reporter *r, enum err e, const struct trouble *t);

/* What came of the bundle at the head of a workload's queue. */
enum reporter_step {
	REPORTER_STEP_RECEIPT, /* saved and acknowledged */
	REPORTER_STEP_CHANGED, /* the head was dropped or altered */
	REPORTER_STEP_KEPT,    /* refused, and stays */
	REPORTER_STEP_LOST,
	REPORTER_STEP_FAILED,
};

enum reporter_step reporter_submit_head(
    struct reporter *r, struct reporter_workload *w, struct reporter_result *out);

#endif

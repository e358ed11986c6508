/*
 * What recovery tells of the log, so that whoever writes notices and absences can go on: first the
 * notices that the index knows, then every entry behind the state of the index, in the log's order.
 */
#ifndef HALLMARK_SIGNER_LEDGER_LEDGER_REPLAY_H
#define HALLMARK_SIGNER_LEDGER_LEDGER_REPLAY_H

#include <stdint.h>

#include "proto/err.h"
#include "proto/report/report.h"
#include "signer/ledger/heads/workload.h"
#include "signer/ledger/store/notice_row.h"

/* An error ends the start: its reason has been said. */
struct ledger_replay {
	enum err (*notice)(void *context, const struct notice_row *row);
	/*
	 * A gap record of the workload comes next. Its head, which is that of the entry before, has
	 * to become what notices since then have made of it: it goes on with that.
	 */
	enum err (*before_gap)(void *context, struct workload *w);
	/* One that is none. The workload's head is the report's, but for `due`, which is to be set.
	 */
	enum err (*report)(void *context, const struct report *r, struct workload *w);
	/* The workload's head is the absence's, but for the time of `due`. */
	enum err (*absence)(void *context, uint64_t issued_s, struct workload *w);
	/*
	 * All were told. Dues are those of the heads' entries: what notices behind them have
	 * changed is still to be done.
	 */
	enum err (*done)(void *context);
	void *context;
};

#endif

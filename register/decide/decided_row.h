/*
 * What an entry says of a workload, on its way into the table, and as it is kept there.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDED_ROW_H
#define HALLMARK_REGISTER_DECIDE_DECIDED_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/report.h"

#define DECIDED_WHY_MAX 96 /* bytes of a finding's kind and code */

/* What an entry says of one workload. */
struct decided_row {
	unsigned log;
	struct view collector, workload;
	uint64_t index;
	uint64_t issued_s;
	/* A report that was measured online, of which is what follows; else an absence. */
	bool report;
	bool leaving;       /* its collector promises nothing more: it is of no group any longer */
	bool good;          /* its verdict was made again */
	uint64_t expires_s; /* exp */
	uint64_t due_s;     /* 0: not known */
	enum report_status status;
	struct view group; /* size 0: none */
	struct view why;   /* its first finding: "executable unknown-file"; size 0: it has none */
	const struct digest *image; /* of what is to be started, where it is one; NULL: none */
};

/* Of one log and workload, as it is kept. */
struct decided {
	unsigned log;
	bool known, good, leaving; /* known: there was a report */
	bool silent;               /* an absence stands behind its newest report */
	enum report_status status;
	uint64_t index, issued_s, expires_s, due_s;
	char why[DECIDED_WHY_MAX];
	struct decided *next; /* of the same workload, in another log */
};

/* What a report says, into what is kept. */
void decided_take(struct decided *d, const struct decided_row *row);

#endif

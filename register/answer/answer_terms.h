/*
 * What all who answer have in common: the logs, who asks, the answer, and the limits.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ANSWER_TERMS_H
#define HALLMARK_REGISTER_ANSWER_ANSWER_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

#define ANSWER_LIMIT_DEFAULT 100
#define ANSWER_LIMIT_MAX     500   /* some 400 KB of JSON */
#define ANSWER_SCAN_MAX      20000 /* rows: 20 ms, so that a rare tier is found page by page */
#define ANSWER_SCAN_PAST     16    /* rows that a workload's past counts for: three look-ups */
#define ANSWER_QUERY_MAX     2048  /* bytes of a query: as much as a request line has room for */

struct alerting;

/* A log whose view is asked. Its strings outlive the answerer. */
struct answer_log {
	const char *name;
	const char *view;        /* file */
	struct alerting *alerts; /* of all logs; NULL: nobody looks for them */
	const char *directory;   /* in the form of a log's: tiles, for entries and proofs */
};

/* Who asks, and what of it he may see. */
struct scope {
	void *context;
	/* NULL: all. An empty workload: anything of the log at all. */
	bool (*may_see)(void *context, struct view log, struct view workload);
};

struct answer {
	unsigned status;  /* of HTTP */
	const char *type; /* Content-Type */
	struct buf body;
};

#endif

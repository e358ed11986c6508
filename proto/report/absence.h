/*
 * An absence: the log says that workloads of one collector, which promised to report, were silent.
 * It is no appraisal: there is no evidence, no verdict and no token in it.
 *
 *   {"eat_profile":"tag:github.com,2026:hallmark/absence#1","iat":,"iss":,"sub":,"jti":,
 *    "hallmark.form":1,
 *    "hallmark.absent":[{"workload":,"due":,"count":,"report":,"previous-report":},...],
 *    "hallmark.notice":{"index":,"leaf":},"hallmark.extensions":?}
 *
 * jti is the SHA-256 of "hallmark absence v1\n<iss>\n<sub>\n" and, for each workload,
 * "<workload> <due> <count>\n": of what the absence states.
 */
#ifndef HALLMARK_PROTO_REPORT_ABSENCE_H
#define HALLMARK_PROTO_REPORT_ABSENCE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/entry.h"

#define ABSENCE_PROFILE       "tag:github.com,2026:hallmark/absence#1"
#define ABSENCE_WORKLOADS_MAX 128 /* with the longest names they take 55,000 bytes of an entry */

struct absence_workload {
	struct view workload;
	uint64_t due_s;  /* until when an entry of the chain was due; before iat */
	uint64_t count;  /* absences since the chain's newest report, this one included */
	uint64_t report; /* index of that report */
	struct digest
	    previous; /* leaf hash of the chain's entry before: that report, or an absence */
};

struct absence {
	uint64_t issued_s;     /* iat */
	struct view issuer;    /* iss: the log's origin */
	struct view collector; /* sub */
	size_t count;
	struct absence_workload absent[ABSENCE_WORKLOADS_MAX]; /* rising bytewise by name */
	struct entry_place notice;                             /* the newest before it */
	struct view extensions; /* as they stand in the entry (json_extensions.h); size 0: none */
};

/* ERR_FORMAT unless it may stand in a log; ERR_MEMORY. */
enum err absence_check(const struct absence *a) MUST_USE;

void absence_id(const struct absence *a, struct digest *jti);

/* Appends the entry; nothing on an error: as absence_check says; ERR_FORMAT_SIZE. */
enum err absence_write(const struct absence *a, struct buf *to) MUST_USE;

/* What was read, and the memory for it, which a next reading uses again. Some 10 KB. */
struct absence_document {
	struct absence absence;
	struct buf strings; /* those that stand in the entry with an escape */
};

#define ABSENCE_DOCUMENT_INIT                                                                      \
	{                                                                                          \
		.strings = { NULL, 0, 0, false }                                                   \
	}

/*
 * Reads an entry in its one spelling. The views of the absence point into `entry` and into `d`.
 * ERR_FORMAT for any other spelling and what absence_check refuses; ERR_MISMATCH where jti is not
 * what the claims give; ERR_UNSUPPORTED for another form; ERR_FORMAT_SIZE; ERR_MEMORY.
 */
enum err absence_parse(struct view entry, struct absence_document *d) MUST_USE;
void absence_document_free(struct absence_document *d);

#endif

/*
 * What a walk says of each entry once it was judged, to whoever follows a log.
 */
#ifndef HALLMARK_LOG_WALK_WALK_VISITED_H
#define HALLMARK_LOG_WALK_WALK_VISITED_H

#include <stdbool.h>
#include <stdint.h>

#include "log/reason.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/absence.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"

/* What is wrong may be about several of these; of each the worst is told. */
enum walk_about {
	WALK_ABOUT_ENTRY,   /* its form, its place, its time, its chain, who was absent before it */
	WALK_ABOUT_VERDICT, /* not what policy and evidence give */
	WALK_ABOUT_POLICY,  /* nobody who may has approved what it brings into force, or goes by */
	WALK_ABOUT_VOUCHER, /* who vouched is nobody that was named */
	WALK_ABOUT_COUNT,
};

/* Valid during the call that tells it. */
struct walk_visited {
	uint64_t index;
	struct digest leaf;
	enum entry_kind kind;
	struct view bytes;
	uint64_t issued_s;           /* 0: it could not be read */
	const struct report *report; /* if it is one that could be read; else NULL */
	const struct absence *absence;
	const struct notice *notice;
	struct reason found[WALK_ABOUT_COUNT];
	/* Something that it needs was not in the evidence: what is unknown is so for that. */
	bool lacks_evidence;
	/*
	 * Of a report, which may be good itself: whether the policy in force came there rightly.
	 * Unknown as long as nobody of those named has approved the log's first.
	 */
	enum outcome in_force;

	/* Of a report's workload, behind it. */
	uint64_t due_s; /* when it has to be heard of again; 0: not known, or never */
	/* Reports that no signature vouches for yet, the first's index and iat; 0: none. */
	uint64_t unvouched, unvouched_from, unvouched_from_s;
	uint64_t unvouched_lost; /* and those of which none ever will */
};

/* The worst of all that was found. */
enum outcome walk_visited_outcome(const struct walk_visited *v);

typedef void walk_visit(void *context, const struct walk_visited *v);

#endif

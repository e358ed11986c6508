/*
 * Whether a relying party may rely on a workload, on several, or on a group of the policy's, at a
 * moment: what is in the table (decided.h), and how far it can be gone by.
 *
 *   1. A log that is in alarm, not yet followed, or behind: it cannot be known. So with all if the
 *      host's clock cannot be gone by: whoever asks is told nothing rather than something old.
 *   2. Of a workload the newest report decides, over all logs that are asked about; where another
 *      log has one of nearly the same time, the worse of them: two signers' clocks are not one. An
 *      absence counts in the log of the report that decides, and nowhere else.
 *   3. It is good until it expires, or until the next was due: the earlier.
 *   4. `affirming` is well; `warning` is where the configuration says so; nothing else is.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECISION_H
#define HALLMARK_REGISTER_DECIDE_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "register/decide/decided.h"

/* Clocks of two signers that NTP keeps are closer; a collector reports every few seconds at most.
 */
#define DECISION_NEAR_S 2

enum decision_kind {
	DECISION_ALLOW,   /* 200 */
	DECISION_UNKNOWN, /* 404: nothing is known of it */
	DECISION_CANNOT,  /* 503: it cannot be known */
	DECISION_DENY,    /* 403 */
};

struct decision {
	enum decision_kind kind;
	const char *why;          /* a word or two, of the program itself: "affirming", "overdue" */
	const struct decided *by; /* the report that decides; NULL: none */
	const struct decided_subject *subject; /* NULL: none */
	uint64_t until_s;                      /* of ALLOW: from then on it is not any more */
	size_t members, well;                  /* of a group */
};

/* The moment, and by what is judged. */
struct decision_terms {
	const struct decided_table *table;
	bool sure;          /* the clock can be gone by (wall.h) */
	uint64_t now_s;     /* wall clock */
	uint64_t boot_ms;   /* CLOCK_BOOTTIME */
	uint64_t behind_ms; /* how far behind a log may be */
	bool warning_allowed;
	uint64_t logs; /* bits of those that are asked about */
};

/* Of one workload; NULL: nothing is known of it. */
struct decision decision_of(const struct decision_terms *t, const struct decided_subject *subject);

/*
 * Two that both have to be well. A denial is certain whatever the other is; one of which nothing is
 * known beside one that is well is a denial too.
 */
struct decision decision_both(const struct decision *a, const struct decision *b);

/* Of a group, of which `share_percent` have to be well. */
struct decision decision_of_group(
    const struct decision_terms *t, struct view group, unsigned share_percent);

/*
 * Of an image that is to be started: the newest report about it, which has to be of a workload of
 * this group if one is named.
 */
struct decision decision_of_image(
    const struct decision_terms *t, const struct digest *image, struct view group);

/* Why this log cannot be gone by; NULL: it can. */
const char *decision_log_trouble(const struct decision_terms *t, unsigned log);

#endif

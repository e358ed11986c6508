/*
 * What is heard of a log that is followed: each of its entries, once it was checked; where it
 * stands after each batch; and what is wrong with it.
 *
 * Whoever listens is called in the thread that follows the log, one call at a time, in the log's
 * order. Several logs are followed by as many threads.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_FOLLOWED_H
#define HALLMARK_REGISTER_FOLLOW_FOLLOWED_H

#include <stddef.h>
#include <stdint.h>

#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/absence.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"

/* One entry. Valid during the call that tells it. */
struct followed_entry {
	unsigned log; /* its number in the configuration, from 0 */
	uint64_t index;
	struct digest leaf;
	enum entry_kind kind;
	uint64_t issued_s; /* iat, seconds since 1970; 0: it could not be read */
	/* Good: its form and place are right, and of a report the verdict was made again, to the
	 * byte. */
	enum outcome outcome;
	const struct report *report; /* if it is one that could be read; else NULL */
	const struct absence *absence;
	const struct notice *notice;
	uint64_t due_s; /* of a report: when the workload has to be heard of again; 0: not known */
	struct view bytes;
};

/* Where a log stands. What was told before the call is complete up to here. */
struct followed_state {
	unsigned log;
	uint64_t checked_to;      /* entries whose leaf and place were checked */
	uint64_t replayed_to;     /* and whose verdicts were made again; <= checked_to */
	uint64_t newest_issued_s; /* of the newest entry; 0: there is none */
	/* CLOCK_BOOTTIME at which its newest checkpoint was last found to be validly signed, also
	 * where it had not grown. */
	uint64_t seen_ms;
	struct view checkpoint; /* signed note of a tree of `checked_to` entries */
};

/* X(identifier, name): what is wrong with a log. The names stand in answers, events and metrics. */
#define FOLLOWED_ALARM_MAP(X)                                                                      \
	X(FOLLOWED_FORK, "fork")               /* two trees that cannot both be true */            \
	X(FOLLOWED_ROLLBACK, "rollback")       /* fewer entries than were followed */              \
	X(FOLLOWED_BAD_SEAL, "bad-seal")       /* the checkpoint is not signed by the log's key */ \
	X(FOLLOWED_BAD_TREE, "bad-tree")       /* tiles or entries do not lead to the root */      \
	X(FOLLOWED_BAD_ENTRY, "bad-entry")     /* a form, a place, a time, a chain */              \
	X(FOLLOWED_BAD_VERDICT, "bad-verdict") /* not what policy and evidence give */             \
	X(FOLLOWED_UNAPPROVED, "unapproved")   /* a policy that nobody named approved */           \
	X(FOLLOWED_UNVOUCHED, "unvouched")     /* a chain vouched for by nobody named */           \
	X(FOLLOWED_MISSING, "missing-evidence")                                                    \
	X(FOLLOWED_UNREADABLE, "unreadable") /* the log cannot be read, or not all of it */

#define FOLLOWED_ALARM_ENUM(identifier, name) identifier,
enum followed_alarm_kind { FOLLOWED_ALARM_MAP(FOLLOWED_ALARM_ENUM) FOLLOWED_ALARM_COUNT };
#undef FOLLOWED_ALARM_ENUM

#define FOLLOWED_NO_ENTRY UINT64_MAX

struct followed_alarm {
	unsigned log;
	enum followed_alarm_kind kind;
	uint64_t index;    /* of the entry that it is about, or FOLLOWED_NO_ENTRY */
	const char *words; /* for people; names from outside in it are printable */
};

struct followed_listener {
	void *context;
	void (*entry)(void *context, const struct followed_entry *entry);
	void (*state)(void *context, const struct followed_state *state);
	void (*alarm)(void *context, const struct followed_alarm *alarm);
};

/* "fork", "rollback", ... */
const char *followed_alarm_name(enum followed_alarm_kind kind);

#endif

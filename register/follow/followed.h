/*
 * What is heard of a log that is followed: each of its entries, once it was checked; where it
 * stands after each batch; and what is wrong with it.
 *
 * Whoever listens is called in the thread that follows the log, one call at a time, in the log's
 * order. Several logs are followed by as many threads.
 *
 * No entry is told before it was proved to be in the tree that a checkpoint of the log's key has
 * signed, and that tree to begin with all that was told before.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_FOLLOWED_H
#define HALLMARK_REGISTER_FOLLOW_FOLLOWED_H

#include <stdbool.h>
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

/*
 * Where a log stands: after each batch, and at each look that found nothing new. What was told
 * before the call is complete up to here.
 */
struct followed_state {
	unsigned log;
	uint64_t size;            /* of the newest checkpoint; >= checked_to */
	uint64_t checked_to;      /* entries whose leaf and place were checked */
	uint64_t replayed_to;     /* and whose verdicts were made again; <= checked_to */
	uint64_t newest_issued_s; /* of the newest entry of these; 0: there is none */
	/* CLOCK_BOOTTIME at which the newest checkpoint was last found to be validly signed, also
	 * where it had not grown. A log that is behind what was verified is not seen. */
	uint64_t seen_ms;
	struct view checkpoint; /* signed note of a tree of `size` entries */
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
	bool stood;        /* it was told before this start, and nobody has acknowledged it */
};

/* Any of them may be NULL. */
struct followed_listener {
	void *context;
	/*
	 * Asked before anything is told of a log, and behind `keep`: how many of its first entries
	 * the listener has kept durably, so that following may go on behind them. It may begin
	 * before: what is told again is the same. NULL: none need be told again.
	 */
	uint64_t (*kept)(void *context, unsigned log);
	/* Behind a state: what was told is to be kept now, if it can. NULL: it is at each state. */
	void (*keep)(void *context, unsigned log);
	/* Of this log nothing that was kept counts any more: it is told from its first entry. */
	void (*forget)(void *context, unsigned log);
	void (*entry)(void *context, const struct followed_entry *entry);
	void (*state)(void *context, const struct followed_state *state);
	/* Those that stand from before are told once at the start, before any entry. */
	void (*alarm)(void *context, const struct followed_alarm *alarm);
	/* All of this log's that were told. */
	void (*acknowledged)(void *context, unsigned log);
};

/* "fork", "rollback", ... */
const char *followed_alarm_name(enum followed_alarm_kind kind);

#endif

/*
 * One who asks: a connection of its own that reads a log's view as it was at one moment, while the
 * writer goes on. For one thread at a time.
 *
 * What is asked is a table of statements; whoever asks binds their parameters and reads their
 * columns with view_sql.h, in the order that stands here beside each.
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_READER_H
#define HALLMARK_REGISTER_VIEW_VIEW_READER_H

#include <sqlite3.h>
#include <stdbool.h>

#include "proto/err.h"

/* Rows come in rising order of their first column where nothing else is said. */
enum view_query {
	/* -> origin, taken_to, checked_to, replayed_to, newest_s, unread, checkpoint, hosts,
	 * workloads */
	VIEW_LOG,

	/* Of a workload: the columns below. n > ?1 */
	VIEW_WORKLOADS,
	VIEW_WORKLOADS_OF_TIER, /* and its tier now is ?2 */
	VIEW_WORKLOAD,          /* of the host ?1, with the name ?2 */
	VIEW_WORKLOADS_OF_HOST, /* of the host n = ?1 */
	VIEW_WORKLOAD_BY_N,     /* n = ?1 */

	/* ?1 workload, ?2 entry: the newest interval of no gap records that had begun ->
	 * from_entry, from_s, state, tier, policy, body */
	VIEW_INTERVAL_AT,
	/* ?1 workload, ?2 entry: its intervals before, the newest first -> from_entry, from_s,
	 * last_entry, last_s, reports, offline, tier, policy, body */
	VIEW_INTERVALS,
	/* ?1 state -> tier, policy, body */
	VIEW_STATE,
	/* ?1 workload, ?2 entry: the newest piece of places that had begun, but for the one in the
	 * workload's row -> first_entry, first_s, places */
	VIEW_PLACES,

	/* The newest report first -> digest, entry, issued_s, expires_s, due_s, has_left, state */
	VIEW_IMAGES,

	VIEW_HOSTS, /* n > ?1 -> n, collector */

	/* n > ?1 -> n, kind, code, subject */
	VIEW_CAUSES,
	/* ?1 cause, and workload > ?2, at entry ?3 -> workload, from_entry, from_s, to_entry (0: it
	 * lasts), to_s */
	VIEW_FINDINGS,
	/* ?1 cause, and workload > ?2 -> likewise, those that last */
	VIEW_FINDINGS_NOW,

	/* (entry, workload) before (?1, ?2), the newest first -> from_entry, workload, from_s,
	 * due_s, count, to_entry (0: it lasts), to_s */
	VIEW_SILENCES,
	/* ?1 workload, ?2 entry -> as above, the newest that had begun */
	VIEW_SILENCE_AT,

	/* entry >= ?1, at most ?2 rows, by entry, what and workload -> entry, what (an enum
	 * view_change), workload, issued_s, state, bytes */
	VIEW_CHANGES,

	/* entry < ?1, the newest first -> entry, issued_s, manifest, name, approvals */
	VIEW_POLICIES,
	/* entry < ?1, the newest first -> entry, issued_s, kind, bytes */
	VIEW_NOTICES,
	/* by kind and entry -> kind, entry, words, first_ms, last_ms, count */
	VIEW_ALARMS,

	/* ?1 seconds: the newest tick that is not later -> entry, issued_s */
	VIEW_TICK,

	/* ?1 digest -> n */
	VIEW_ARTIFACT,
	/* ?1 digest -> n, kind, count, size, looked */
	VIEW_COMPONENT,
	/* ?1 artifact -> path, and how many units have it there */
	VIEW_PATHS,
	/* ?1 artifact: components that hold it -> digest, kind, looked */
	VIEW_HOLDERS,
	/* ?1 artifact, (workload, entry) behind (?2, ?3) -> workload, from_entry, from_s,
	 * last_entry (0: it lasts), last_s, offline: the intervals in whose states it is */
	VIEW_USES,
	/* likewise of a component */
	VIEW_COMPONENT_USES,
	/* ?1 artifact, ?2 number -> its uses, and how many components have it, each counted up to
	 * ?2 */
	VIEW_USES_COUNT,
	VIEW_COMPONENT_USES_COUNT,
	/*
	 * As VIEW_USES, of every interval, with whether it is one: for an artifact that so many
	 * states have that sorting them would take longer than looking at intervals in their order.
	 */
	VIEW_USES_AMONG_ALL,
	VIEW_COMPONENT_USES_AMONG_ALL,
	/* -> components not looked into yet, counted up to 10,000 */
	VIEW_NOT_LOOKED,

	VIEW_QUERIES,
};

/* What changed at an entry, and what is in `bytes` then. */
enum view_change {
	CHANGE_STATE, /* a workload states something else, or is heard of again */
	CHANGE_BOOT,  /* it runs on another boot: its id */
	CHANGE_LEFT,  /* it has left */
	CHANGE_SILENT,
	CHANGE_NOTICE, /* the notice */
};

/*
 * Columns of a workload: those of its row, and its host's identity.
 */
enum view_workload_column {
	WORKLOAD_N,
	WORKLOAD_HOST,
	WORKLOAD_COLLECTOR,
	WORKLOAD_NAME,
	WORKLOAD_STATE,
	WORKLOAD_TIER,
	WORKLOAD_FROM_ENTRY,
	WORKLOAD_FROM_S,
	WORKLOAD_LAST_ENTRY,
	WORKLOAD_LAST_S,
	WORKLOAD_REPORTS,
	WORKLOAD_EXPIRES_S,
	WORKLOAD_DUE_S,
	WORKLOAD_SILENT_ENTRY,
	WORKLOAD_SILENT_S,
	WORKLOAD_PLACE_ENTRY,
	WORKLOAD_PLACE_S,
	WORKLOAD_PLACES,
	WORKLOAD_LEFT, /* its newest report says that it is the last */
};

/* A statement is given up so long after the reader began: nobody waits longer for a page. */
#define VIEW_READER_MS 2000

struct view_reader;

/* ERR_NOT_FOUND: there is no view yet. ERR_IO, said in the log; ERR_MEMORY. */
enum err view_reader_open(const char *path, struct view_reader **out) MUST_USE;
void view_reader_close(struct view_reader **r);

/* False where the file has given way to another one: this one is of the past. */
bool view_reader_is_current(const struct view_reader *r);

/* What is read between the two is of one moment; VIEW_READER_MS later, steps fail. */
enum err view_reader_begin(struct view_reader *r) MUST_USE;
void view_reader_end(struct view_reader *r);

/* To be bound and stepped; it is reset here. NULL: ERR_IO, said in the log. */
sqlite3_stmt *view_reader_ask(struct view_reader *r, enum view_query q);

#endif

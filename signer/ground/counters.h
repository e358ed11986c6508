/*
 * What the signer counts: events, refusals by code, latencies. `counters` are the ledger's loop's
 * own; `traffic` is what all fronts count.
 */
#ifndef HALLMARK_SIGNER_GROUND_COUNTERS_H
#define HALLMARK_SIGNER_GROUND_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

/* X(field, name, help) */
#define COUNTER_MAP(X)                                                                             \
	X(connections_accepted, "connections_accepted", "TCP connections accepted")                \
	X(handshakes, "handshakes", "TLS handshakes completed")                                    \
	X(handshakes_resumed, "handshakes_resumed", "TLS handshakes that resumed a session")       \
	X(bundles, "bundles", "bundles received")                                                  \
	X(reports, "reports", "reports put in the log")                                            \
	X(notices, "notices", "notices put in the log")                                            \
	X(statements, "statements", "statements taken")                                            \
	X(absences, "absences", "absences put in the log")                                         \
	X(absent_workloads, "absent_workloads", "workloads named in absences")                     \
	X(receipts, "receipts", "receipts sent")                                                   \
	X(receipts_repeated, "receipts_repeated", "receipts of reports that were logged before")   \
	X(tokens, "tokens", "tokens made")                                                         \
	X(tokens_refused, "tokens_refused", "tokens that no profile of the key process gives")     \
	X(tokens_late, "tokens_late", "tokens not asked for, because the report was over")         \
	X(tokens_withheld, "tokens_withheld",                                                      \
	    "tokens not asked for, or not given, because of what was revoked")                     \
	X(components, "components", "components, and segments of lists, received and stored")      \
	X(component_bytes, "component_bytes",                                                      \
	    "bytes of components and segments received and stored")                                \
	X(appraisals, "appraisals",                                                                \
	    "components appraised (once per rule and component; a list is one)")                   \
	X(challenges, "challenges", "challenges sent to collectors")                               \
	X(challenges_answered, "challenges_answered", "challenges answered by a report")           \
	X(batches, "batches", "batches committed")                                                 \
	X(checkpoints, "checkpoints", "checkpoints signed")                                        \
	X(publications, "publications", "checkpoints published")                                   \
	X(key_process_starts, "key_process_starts", "times the key process was started")           \
	X(reloads, "reloads", "configurations loaded on SIGHUP")                                   \
	X(reloads_refused, "reloads_refused", "configurations refused on SIGHUP")                  \
	X(renewals, "renewals", "renewed files of TLS that were taken")                            \
	X(renewals_refused, "renewals_refused", "renewed files of TLS that were refused")          \
	X(affirming, "reports_affirming", "reports with status affirming")                         \
	X(warning, "reports_warning", "reports with status warning, but for gap records")          \
	X(contraindicated, "reports_contraindicated",                                              \
	    "reports with status contraindicated, but for gap records")                            \
	X(none, "reports_none", "reports with status none")                                        \
	X(gap_records, "gap_records", "reports about what was measured offline")                   \
	X(gaps_contraindicated, "gap_records_contraindicated",                                     \
	    "reports with status contraindicated about what was measured offline")

/* More than the errors that err.h can ever list; checked at start. */
#define COUNTER_REFUSALS_MAX 128

/* Powers of two of microseconds, four steps each: 1 us to 67 s within 25 %. */
#define LATENCY_BUCKETS 108

/* Upper bounds of a histogram that others keep, in microseconds: 0.1 ms to 10 s. */
#define LATENCY_BOUNDS 16
extern const uint64_t latency_bound_us[LATENCY_BOUNDS];

struct latency {
	uint64_t bucket[LATENCY_BUCKETS];
	uint64_t within[LATENCY_BOUNDS]; /* not above this bound, and above the one before */
	uint64_t count;
	uint64_t sum_us;
	uint64_t max_us;
};

struct counters {
#define COUNTER_FIELD(field, name, help) uint64_t field;
	COUNTER_MAP(COUNTER_FIELD)
#undef COUNTER_FIELD
	uint64_t refusals[COUNTER_REFUSALS_MAX]; /* by err_index */
	struct latency receipt;                  /* bundle complete to receipt written */
	struct latency storage;                  /* one group commit */
	struct latency token;                    /* one checkpoint signature, channel included */
};

/* Any thread counts, any thread reads; the numbers need not be of one moment. */
struct traffic {
	atomic_uint_fast64_t connections; /* open now */
	atomic_uint_fast64_t handshakes, handshakes_resumed;
	atomic_uint_fast64_t loop_gap_max_us; /* the longest turn of any loop, waiting apart */
	atomic_uint_fast64_t refusals[COUNTER_REFUSALS_MAX]; /* by err_index */
};

void traffic_opened(struct traffic *t);
void traffic_closed(struct traffic *t);
void traffic_shaken(struct traffic *t, bool resumed);
void traffic_count(struct traffic *t, enum err e);
uint64_t traffic_connections(struct traffic *t);

/*
 * A loop is about to wait again; `woke_ms` is uv_now when its last wait was over (0: none yet).
 * Other events had to wait so long, and up to a millisecond less: uv_now has whole ones.
 */
void traffic_turned(struct traffic *t, uint64_t woke_ms, uint64_t now_us);
uint64_t traffic_loop_gap_max_us(struct traffic *t);

/* The signer's numbers: `c` with what the fronts have counted. */
void counters_with_traffic(const struct counters *c, struct traffic *t, struct counters *out);

void latency_add(struct latency *l, uint64_t us);

/* Upper bound of the bucket in which the quantile (0..1) lies, in us; 0 without samples. */
uint64_t latency_quantile_us(const struct latency *l, double quantile);

#endif

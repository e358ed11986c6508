/*
 * What the running collector knows of itself, for whoever asks (collector/tell/answering.h). The
 * loop writes it down as it goes; it is read by another thread, at any moment, also while the loop
 * waits for a disk or a signer.
 *
 * Nothing here decides anything. Texts from outside stand as they came: a JSON writer escapes them.
 */
#ifndef HALLMARK_COLLECTOR_TELL_BOARD_H
#define HALLMARK_COLLECTOR_TELL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/measure/measure.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/report.h"

#define BOARD_FINDING_SIZE                                                                         \
	512 /* bytes with NUL: the worst one, in a line; cut where it is longer */

struct board;

/* What a receipt says of a workload. */
struct board_verdict {
	enum report_status status;
	uint64_t index;                   /* in the log */
	uint64_t findings;                /* in all */
	char finding[BOARD_FINDING_SIZE]; /* the first; empty without any */
};

/* `path` is that of the configuration, and is kept. Sets *out to NULL first. ERR_MEMORY. */
enum err board_new(
    const char *path, const struct collector_config *config, struct board **out) MUST_USE;
void board_free(struct board **b);

/*
 * Another configuration is in force: what is known of workloads that it has too stays. ERR_MEMORY:
 * all stays as it was, and numbers of workloads mean those of before.
 */
enum err board_configure(struct board *b, const struct collector_config *config) MUST_USE;

/*
 * All below are heard of by number of the workload in the configuration. `b` may be NULL: nobody
 * asks then.
 */
void board_measured(
    struct board *b, size_t workload, const struct measurement *m, uint64_t took_ms);
void board_not_measured(struct board *b, size_t workload, enum err e, const struct trouble *t);
void board_verdict(struct board *b, size_t workload, const struct board_verdict *v);
void board_refused(struct board *b, size_t workload, enum err code);
/* `dropped`: bundles that the next one will say are not there. */
void board_waiting(struct board *b, size_t workload, uint64_t bundles, uint64_t dropped);

/* A session: with which of the signers, and the origin of its log. And its end, or a try in vain.
 */
void board_connected(struct board *b, size_t signer, struct view log);
void board_disconnected(struct board *b, enum err e, const struct trouble *t);

/* A round has ended that took so long; the next one begins then (interrupt_clock_ms). */
void board_round(struct board *b, uint64_t took_ms, uint64_t next_ms);

/* So much processor time was used by all processes that measure. */
void board_spent(struct board *b, uint64_t measuring_us);

/* Of tokens, since the start: strangers, gone, malformed, without, busy (PROTOCOL.md, "Tokens"). */
#define BOARD_TOKEN_REASONS 5
struct board_tokens {
	uint64_t files, file_failures, given, refused[BOARD_TOKEN_REASONS];
};
void board_tokens(struct board *b, const struct board_tokens *t);

/* Of hooks, since the start: what ended, and of that what failed, for which reason; processes that
 * could not be ended; receipts that were not believed. */
struct board_hooks {
	uint64_t runs, failed, overdue, not_started, lost, left, refused_receipts;
};
void board_hooks(struct board *b, const struct board_hooks *h);

/*
 * Of acts: workloads' that wait for a grant, or for the limit; those that are held; workloads for
 * which a break-glass is in force; nothing can be done at all; and since the start, what was done,
 * undone and failed, and files of the directory of grants that were refused.
 */
struct board_acts {
	uint64_t waiting, held, suspended, done, undone, failed, refused_grants;
	bool off;
};
void board_acts(struct board *b, const struct board_acts *a);

/* Appends all of it as JSON, and a line feed: doc/outputs.md has its members. */
void board_write(struct board *b, struct buf *to);

#endif

/*
 * Hooks, as the reporting process sees them: it tells a process of its own ("hallmark-act") of each
 * receipt that it has saved, and hears what was done about it, for the log, the status and the next
 * bundle.
 *
 * Why a process: who reports speaks over the network, and what it says about a verdict is worth
 * nothing if it is hijacked. That one has no network and no key, reads the receipt from its file,
 * and believes what the log's pinned key has signed for (collector/act/hook_receipt.h). What it
 * then has run is another one's business (collector/act/hook_runner.h).
 *
 * Both end, with all programs that run, where who made them does.
 */
#ifndef HALLMARK_COLLECTOR_ACT_ACTOR_H
#define HALLMARK_COLLECTOR_ACT_ACTOR_H

#include <stddef.h>

#include "collector/ground/trouble.h"
#include "collector/tell/board.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"
#include "proto/evidence/bundle_extensions.h"

/* So long an order may wait until it is taken; then there are no hooks any more. */
#define ACTOR_PATIENCE_S 5

/* What waits for a workload's next bundles; of more the oldest are dropped. */
#define ACTOR_WAITING_MAX 16

struct actor;

/*
 * Makes the process, if a workload has `hooks`; else *out is NULL, which is ignored by all below.
 * Before there are threads and before a secret is read; none of the descriptors that are open goes
 * with it. ERR_IO with the trouble.
 */
enum err actor_begin(const char *path, struct collector_config *config, struct actor **out,
    struct trouble *t) MUST_USE;
void actor_free(struct actor **a);

/* A receipt of the workload, of what is now, was saved in the receipts' directory as `file`. */
void actor_tell(struct actor *a, const char *workload, const char *file);

/* The configuration was read anew. */
void actor_reload(struct actor *a);

/* Says in the log what was done and what went wrong, tells the board, and keeps it for bundles.
 * Does not wait. */
void actor_take_news(struct actor *a, struct board *board);

/*
 * What was done for the workload and stands in no bundle yet: fills at most BUNDLE_ACTIONS_MAX, and
 * returns how many. The views hold until actor_take_news. And that so many of them stand in one.
 */
size_t actor_actions(const struct actor *a, const char *workload, struct bundle_action *out);
void actor_said(struct actor *a, const char *workload, size_t count);

#endif

/*
 * `hallmark-collector run`: measures every workload at the configured interval and reports it, for
 * as long as nobody stops it.
 *
 *   - A round measures all workloads, several at once, and reports each when it was measured. When
 *     all have been begun, the next one begins an interval later, moved by the jitter, on a clock
 *     that nobody sets. What could not be measured is reported as that. Who is being measured when
 * a round begins has no part in it; who waits for it because it was too slow says that once more.
 *   - A connection is made when a round begins, or when bundles wait; then all workloads are
 *     measured again at once, and what waited follows what is fresh. If no signer answers, or the
 *     session is lost before anything was acknowledged, the tries are spread out exponentially with
 *     full jitter; rounds go on meanwhile, into the spool.
 *   - A workload of which something has changed is measured and reported between rounds, too, at
 *     a pace of its own (collector/watch/pace.h).
 *   - Where there are several signers and one is lost, it or the next one is turned to at once.
 * While it is not the first that is spoken to, that is tried again from time to time, before a
 * round: collector/report/ranking.h.
 *   - Certificates, key and CA that are renewed are taken within two looks (REPORTER_LOOK_MS), and
 *     a new connection is made with them.
 *   - SIGTERM and SIGINT stop it at the next wait or file; whatever was begun is in the state.
 *     Where it is connected, what is being answered is awaited, and a last bundle of each workload
 *     says that the collector stops, or what `farewell` of the configuration wants said: all that
 *     within INTERRUPT_LAST_WORD_MS, or until it is asked again.
 *   - SIGHUP loads the configuration anew. A bad one is refused with its faults, the old stays.
 *     Before a good one is taken, what it lacks is said to be retired, and a log that is left is
 *     told so. What is being measured is ended, and measured by who has read it, too.
 */
#ifndef HALLMARK_COLLECTOR_RUNNER_H
#define HALLMARK_COLLECTOR_RUNNER_H

#include "collector/act/actor.h"
#include "collector/gate/lender.h"
#include "collector/ground/trouble.h"
#include "collector/processes/measurer.h"
#include "collector/tell/board.h"
#include "collector/tokens/giver.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

/*
 * Runs until it is told to stop (ERR_OK) or cannot go on. Takes over `*config`, loaded from `path`,
 * and replaces it on reload; the caller frees what is there in the end. `board`, of that
 * configuration, is told how it goes; or NULL. `giver` gets the tokens, `actor` is told of
 * receipts; or NULL. What `lender` tells of is said; or NULL.
 */
enum err runner_run(const char *path, struct collector_config **config, struct measurer *measurer,
    struct board *board, struct giver *giver, struct actor *actor, struct lender *lender,
    struct trouble *t) MUST_USE;

#endif

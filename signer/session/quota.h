/*
 * What one identity may take of the signer: connections, workloads, new components an hour. A
 * collector that goes wrong, or that somebody has taken over, uses up its own share and nobody
 * else's, and what it leaves behind for ever is bounded. (Bundles that wait for components, and
 * what is being received, are memory for a while: holding.h.)
 *
 * Each refusal has a code of its own. All of it is kept with the collector (ledger/workload.h), and
 * a new limit holds for what comes.
 */
#ifndef HALLMARK_SIGNER_SESSION_QUOTA_H
#define HALLMARK_SIGNER_SESSION_QUOTA_H

#include <stdint.h>

#include "proto/err.h"

struct session;

/* At its hello, when it knows its collector: ERR_QUOTA_CONNECTIONS, or it is one of those. */
enum err quota_take_connection(struct session *s) MUST_USE;
void quota_give_connection(struct session *s);

/* One workload more than there are: ERR_QUOTA_WORKLOADS. */
enum err quota_check_workload(struct session *s) MUST_USE;

/*
 * One new component, or segment of one: ERR_QUOTA_COMPONENTS. After a pause as many as an hour has
 * may come at once.
 */
enum err quota_take_component(struct session *s, uint64_t now_us) MUST_USE;

#endif

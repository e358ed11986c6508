/*
 * What one identity may take of the signer: connections, workloads, new components and reports
 * an hour, places in flight, the time of its one loop. A collector that goes wrong, or that
 * somebody has taken over, uses up its own share and nobody else's, and what it leaves behind for
 * ever is bounded. (Bundles that wait for components, and what is being received, are memory for a
 * while: holding.h.)
 *
 * Each refusal has a code of its own. All of it is kept with the collector (ledger/workload.h), and
 * a new limit holds for what comes.
 */
#ifndef HALLMARK_SIGNER_SESSION_QUOTA_H
#define HALLMARK_SIGNER_SESSION_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/wire/message.h"

struct session;

/* At its hello, when it knows its collector: ERR_QUOTA_CONNECTIONS, or it is one of those. */
enum err quota_take_connection(struct session *s) MUST_USE;
void quota_give_connection(struct session *s);

/* One workload more than there are: ERR_QUOTA_WORKLOADS. */
enum err quota_check_workload(struct session *s) MUST_USE;

/*
 * What an ordinary message takes of the ledger's loop, and more: 10 us of most, a millisecond of a
 * part of evidence. What one takes beyond it (a list of a million items is judged in half a second)
 * is somebody's time whom it keeps waiting: so much of it an identity may have at once, over all of
 * its connections together, and then a tenth of all time.
 */
#define QUOTA_TIME_FREE_US    1000
#define QUOTA_TIME_AT_ONCE_US 1000000
#define QUOTA_TIME_SHARE      10

/* A message of it took so long. */
void quota_take_time(struct session *s, uint64_t took_us, uint64_t now_us);

/* Whether it has had its share: nothing more is taken from it now, and nothing is refused. */
bool quota_is_resting(const struct session *s);

/*
 * One new component, or segment of one: ERR_QUOTA_COMPONENTS. One that is large counts as several,
 * one for each QUOTA_COMPONENT_SIZE bytes that it has begun: what is stored for ever is counted in
 * bytes, too. After a pause as many as an hour has may come at once; the last one may be larger
 * than what is left.
 */
#define QUOTA_COMPONENT_SIZE MESSAGE_PART_MAX /* 128 KiB: what one part of it holds */

enum err quota_take_component(struct session *s, uint64_t size, uint64_t now_us) MUST_USE;

/*
 * Whether there is room for one report more: ERR_QUOTA_REPORTS. It is taken when the report is
 * staged, since what is refused costs nothing; so a few that wait for components may come beyond.
 */
enum err quota_check_report(const struct session *s, uint64_t now_us) MUST_USE;
void quota_take_report(struct session *s, uint64_t now_us);

/*
 * A bundle's receipt is the ledger's to give, until it was given: also when its connection is gone.
 * quota_is_in_flight: the collector has as many as one may have, over all of its connections.
 */
void quota_take_flight(struct session *s);
void quota_give_flight(struct session *s);
bool quota_is_in_flight(const struct session *s);

#endif

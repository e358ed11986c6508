/*
 * What does not fit in a log: each change of a workload is held against its peers, and against what
 * was to be expected; what comes of it is a list of alerts. A pure function of the facts that it is
 * given: no clock, no chance, whole numbers.
 *
 *   first-seen    a change to a component that nobody in the log had before
 *   rare          a component that for a day no more than two have, where four of five have one
 *   old-back      a change to an older component, which nobody had any more
 *   against-wave  a change from what most have to something older that few have
 *   straggler     one of twenty, or fewer, has an older one for a week
 *   clone         hosts of two identities on one boot, for an hour
 *   restarts      three boots of a host within a day
 *   flapping      four changes of a workload within a day
 *
 * Of changes only those count that nothing explains. What does: maintenance (windows.h); and a
 * policy that came into force within a week before, if by it the change is `affirming`. Where less
 * than half of the peers have one and the same component, one that differs says nothing.
 */
#ifndef HALLMARK_REGISTER_ALERT_PEERS_H
#define HALLMARK_REGISTER_ALERT_PEERS_H

#include "proto/err.h"
#include "proto/statement/statement.h"
#include "register/alert/alert.h"
#include "register/alert/fact.h"

#define PEERS_LEAST      3  /* that a change can be held against */
#define PEERS_RARE_LEAST 10 /* of fewer, two are no sign of rarity */
#define PEERS_RARE_MOST  2  /* who have what is rare */

/*
 * Workloads that are looked at; those that come later are not, and nothing is held against them:
 * two kilobytes each where all of theirs is their own, some hundred bytes where they are alike.
 */
#define PEERS_MAX 100000

struct peers;

/* NULL for want of memory. */
struct peers *peers_new(void);
void peers_free(struct peers **p);

/*
 * A workload states something else than before, or for the first time, or is heard of again.
 * Errors of all of these: ERR_MEMORY, and then it is of no use any more.
 */
enum err peers_state(
    struct peers *p, const struct fact *f, const struct fact_state *state) MUST_USE;

/* A host is found to run on another boot than before. */
enum err peers_boot(
    struct peers *p, const struct fact *f, const uint8_t boot[BOOT_ID_SIZE]) MUST_USE;

/* A workload is silent, or has left. */
enum err peers_away(struct peers *p, const struct fact *f) MUST_USE;

/* Another policy is in force; a statement was taken, of this name. */
enum err peers_policy(struct peers *p, uint64_t entry, uint64_t time_s) MUST_USE;
enum err peers_statement(struct peers *p, uint64_t entry, uint64_t time_s,
    const struct digest *name, const struct statement *s) MUST_USE;

/* Nothing more happened until then. */
enum err peers_time(struct peers *p, uint64_t time_s) MUST_USE;

/* In the order in which they came; they stay where they are until peers_free. */
size_t peers_alert_count(const struct peers *p);

/* Workloads that were too many. */
uint64_t peers_passed_over(const struct peers *p);
const struct alert *peers_alert(const struct peers *p, size_t i);

#endif

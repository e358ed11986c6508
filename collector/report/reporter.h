/*
 * Reporting a workload: first what may have been sent and has no receipt, then a fresh measurement,
 * until its receipt is saved. What else waits, gathered offline, follows when all workloads were
 * reported (reporter_drain): nothing fresh waits for it. What comes of a refusal is decided here.
 *
 *   refused with            what is done
 *   nonce-unknown,          the signer never had this bundle: it is a gap record from now on. The
 *   -expired, -reused       workload is measured again under the new nonce, for evidence is only
 *                           fresh if it is younger than its nonce. A last bundle is dropped
 *   sequence-not-rising,    the signer remembers another bundle. If we remember nothing, its view
 *   chain-broken            is taken over, with a warning. Otherwise another collector speaks for
 *                           this workload, or our state or its log was set back: nothing is done
 *                           until somebody looks
 *   busy, in-flight         tried again after a random while, a few times
 *   busy, storage-low,      where there is another signer it is turned to: this one takes nothing
 *   clock, others of 6xx    now
 *   busy,                   of a gap record that the signer does not have: it stays, and holds up
 *   too-many-components     nothing that is fresh
 *   component-*,            the bundle itself is not acceptable and never will be: dropped, which
 *   evidence-*, gap-place   the next one says
 *   anything else           storage-low, unauthorized, codes of later signers: it stays and is
 *                           tried again with the next interval
 *
 * A receipt that does not verify is not saved and acknowledges nothing; the session is ended.
 * Everything is logged here, once.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/act/actor.h"
#include "collector/ground/trouble.h"
#include "collector/processes/measurer.h"
#include "collector/report/receipt.h"
#include "collector/report/reporter_outcome.h"
#include "collector/tell/board.h"
#include "collector/tokens/giver.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

struct reporter;
struct reporter_known;

/*
 * Opens state and receipts, loads keys. What it is given must outlive it; `board`, `giver` and
 * `actor` may be NULL. `goes_on`: rounds follow one another, so that a bundle can promise the next
 * one. Sets *out to NULL first.
 */
enum err reporter_new(const struct collector_config *config, struct measurer *measurer,
    struct board *board, struct giver *giver, struct actor *actor, bool goes_on,
    struct reporter **out, struct trouble *t) MUST_USE;
void reporter_free(struct reporter **r);

/* Which signer is spoken to: collector/report/ranking.h. */

/* For all that is said to a log that is left, while the other one waits. */
#define REPORTER_FAREWELL_MS 1000

/*
 * A signer that has been there, and does not answer for this long, may be starting anew: nobody
 * needs to be told but by the way.
 */
#define REPORTER_AWAY_MS 60000

/* Connects. ERR_IO of the state is told by *failed. */
enum err reporter_connect(struct reporter *r, bool *failed) MUST_USE;

/*
 * To be called before a round: goes back to the first signer, if it is time to try that and it
 * answers. If its log is another one, the log that is left is told so before: a last bundle of each
 * workload, as reporter_stop, says `moved` and where to. ERR_IO: the state cannot be kept (told).
 */
enum err reporter_go_back(struct reporter *r) MUST_USE;
bool reporter_is_connected(const struct reporter *r);

/* The session is with another signer than the one before: its log has nothing of now. */
bool reporter_has_moved(const struct reporter *r);

/* There is one to turn to instead of the one that was spoken to. */
bool reporter_has_other(const struct reporter *r);

/*
 * The descriptor of the connection, to wait on; and what to do when it is readable, and before
 * waiting for that: takes what the signer has said, without waiting.
 */
int reporter_descriptor(const struct reporter *r);
void reporter_take_news(struct reporter *r);

/*
 * When a challenge of the signer is to be answered, by interrupt_clock_ms, and for which workload:
 * a report of it that is begun from then on does. Of those in `passed`, by workload, none; NULL:
 * all count. UINT64_MAX: none is.
 */
uint64_t reporter_challenge_ms(const struct reporter *r, const bool *passed, size_t *workload);

/*
 * When a workload is to be measured for another token, by interrupt_clock_ms: half of the life of
 * the one that ends first is over. Of those in `passed` none, as above. UINT64_MAX: none is, or
 * nobody is there to ask. It is put off by reporter_refresh_begin.
 */
uint64_t reporter_refresh_ms(const struct reporter *r, const bool *passed, size_t *workload);
void reporter_refresh_begin(struct reporter *r, size_t workload);

/* Bundles that wait for the log that was last spoken to. */
size_t reporter_waiting(const struct reporter *r);

/* Connected, or there is a chain to go on with: what is measured comes to something. */
bool reporter_keeps(const struct reporter *r);

/*
 * Begins to measure a workload that is not being measured, so that others can be meanwhile;
 * reporter_report or reporter_spool waits for it. False: there is no memory (told).
 */
bool reporter_begin_measuring(struct reporter *r, size_t workload);

/* Processor time of the newest measurement; where that is not known, how long it took; 0: none. */
uint64_t reporter_cost_ms(const struct reporter *r, size_t workload);

/*
 * What the newest measurements were and lacked, by workload of its configuration, to be freed; NULL
 * where there is no memory. And takes that over behind a reload, by name: what was slow still is.
 * NULL is ignored.
 */
struct reporter_known *reporter_known(const struct reporter *r);
void reporter_know(
    struct reporter *r, const struct reporter_known *known, const struct collector_config *of);

/* It took longer than it may, the last time that it was measured. */
bool reporter_is_slow(const struct reporter *r, size_t workload);

/*
 * Settles what may have been sent of a workload, then measures and submits it; what could not be
 * measured, as that. Connected.
 */
enum reporter_outcome reporter_report(
    struct reporter *r, size_t workload, struct receipt_summary *out);

/*
 * The same, and as reporter_spool, of one that is slow, has not been measured again, and so says
 * once more that it was not.
 */
enum reporter_outcome reporter_repeat(
    struct reporter *r, size_t workload, struct receipt_summary *out);
enum reporter_outcome reporter_spool_again(struct reporter *r, size_t workload);

/*
 * One bundle of what waits of a workload, without measuring: DONE where that is done with, whatever
 * came of it. Only while reporter_may_drain, which says whether there is one that may go now.
 */
bool reporter_may_drain(const struct reporter *r, size_t workload);
enum reporter_outcome reporter_drain(struct reporter *r, size_t workload);

/* Measures a workload and keeps the bundle for later. Not connected. */
enum reporter_outcome reporter_spool(struct reporter *r, size_t workload);

/*
 * A last bundle of each workload that says what the configuration wants said when the program is
 * asked to stop, of what was measured last: nothing is measured anew, and nothing is done where
 * this run has not measured the workload. What waits follows. It ends with the time for a last word
 * (collector/ground/interrupt.h); what has no receipt by then waits like any other bundle, and
 * a next run goes on from there. Where there is no session, nothing is said: nobody waits for one.
 * ERR_IO: the state cannot be kept (told).
 */
enum err reporter_stop(struct reporter *r) MUST_USE;

/*
 * Before another configuration is taken: what is there no more says that it is retired, and the
 * rest, if the signer that comes has another log, that it moves there. Connects for it if there is
 * no session. Within REPORTER_FAREWELL_MS; what is not said then is told. ERR_IO: as reporter_stop.
 */
enum err reporter_give_way(struct reporter *r, const struct collector_config *next) MUST_USE;

/* Says on the board how many bundles of each workload wait. */
void reporter_tell_waiting(const struct reporter *r);

/* After a round: forgets components that nobody needs any more, and gives memory back. */
void reporter_tidy(struct reporter *r);

#endif

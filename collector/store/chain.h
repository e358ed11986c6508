/*
 * The hash chain of one workload in one log, and the bundles of it that wait for their receipts.
 *
 *   <workload>.chain   text: the last bundle that the signer has acknowledged
 *   <workload>.queue   records: the bundles behind it, each naming the one before as `prev`
 *
 * A bundle is in the queue, on stable storage, before it is sent. So after a crash the same bytes
 * are sent again, and the signer, if it had them, gives their receipt again. When a receipt is
 * saved the chain file moves on (chain_acknowledge), and records that it has passed are ignored.
 * A record that a crash cut off was never sent and is dropped when the queue is opened.
 *
 * What is gathered offline waits as a gap record, behind what was before it. A fresh bundle goes to
 * the front of all that wait: these are renumbered and name their new predecessors. So nobody may
 * have them yet, and they have no signatures. One at a time is sent, so that it is only the head of
 * which that may be in doubt (chain_is_in_doubt), until its receipt is here or it is known that
 * there is none. A gap record may go once a fresh bundle has its receipt that was measured after
 * it.
 *
 *   connected       the head, if it is in doubt: sent to the byte; receipt, or a gap record
 *                   measured; chain_put_first; sent; receipt
 *                   heads while they may go (chain_head_may_go), one after the other
 *   not connected   measured; chain_append
 *
 * A crash at any step leaves one of these states: the queue is replaced as a whole. Where a chain
 * is adopted the queue comes first: one that follows something while there is no chain file says
 * what.
 *
 * Chain file: collector/store/chain_file.h.
 * Queue record: "HMQ1", be32 bundle size, be32 signature size, bundle, signature.
 *
 * Every ERR_IO here is final; after ERR_NO_ROOM all is as it was (collector/store/savefile.h).
 */
#ifndef HALLMARK_COLLECTOR_STORE_CHAIN_H
#define HALLMARK_COLLECTOR_STORE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"

struct chain;

/*
 * Opens the chain of `workload` in the directory of its log (which must stay open). ERR_FORMAT for
 * files that are not as written, with the mend; ERR_NO_ROOM, ERR_IO. Sets *out to NULL first.
 */
enum err chain_open(int log, const char *workload, struct chain **out, struct trouble *t) MUST_USE;
void chain_close(struct chain **c);

/* Something was acknowledged or adopted: there is state that a signer could contradict. */
bool chain_is_known(const struct chain *c);
uint64_t chain_acknowledged_seq(const struct chain *c); /* 0: none */

size_t chain_waiting(const struct chain *c);   /* bundles in the queue */
uint64_t chain_bytes(const struct chain *c);   /* of that, as it is stored */
uint64_t chain_dropped(const struct chain *c); /* bundles that are to be said to be dropped */

/* The head is fresh, or a gap record whose gap is over: it may be sent. */
bool chain_head_may_go(const struct chain *c);

/*
 * The signer may have the head: nothing is put before it. So it is of what is fresh, of what was
 * got (chain_get_head) to be sent, and, as nobody remembers that, of what may go when it is opened.
 */
bool chain_is_in_doubt(const struct chain *c);

/* The signer has said that it has not. Of a gap record. */
void chain_settle(struct chain *c);

/* When an acknowledged bundle was last signed: seconds since 1970; 0: never. */
uint64_t chain_last_signed_s(const struct chain *c);

/* Fills `seq` and `prev` of a bundle, and its place if it is `offline`. */
void chain_next(const struct chain *c, struct bundle *b);

/* Appends a gap record (canonical bytes made after chain_next) to the queue, durably. */
enum err chain_append(struct chain *c, struct view bundle, struct trouble *t) MUST_USE;

/*
 * Puts a fresh bundle (the same) at the front of the queue, durably; none is in doubt there.
 * `signature` may be empty. ERR_INVARIANT, as chain_append, if it does not follow.
 */
enum err chain_put_first(
    struct chain *c, struct view bundle, struct view signature, struct trouble *t) MUST_USE;

/* The bundle at the head of the queue; the views are valid until the next call on the chain. */
struct chain_head {
	struct view bundle;
	struct view signature;
	struct digest digest; /* of `bundle` */
	struct bundle content;
};

/* ERR_NOT_FOUND for an empty queue. */
enum err chain_get_head(struct chain *c, struct chain_head *out, struct trouble *t) MUST_USE;

/* The head has its receipt. */
enum err chain_acknowledge(struct chain *c, struct trouble *t) MUST_USE;

/*
 * Takes the head out: no signer has it, and none will. Those behind it are renumbered and name
 * their new predecessors; with that they lose their signatures. `says`: a bundle says that it is
 * not there.
 */
enum err chain_drop_head(struct chain *c, bool says, struct trouble *t) MUST_USE;

/*
 * Takes the oldest gap records out, which a bundle says: `most` of them, and all from before
 * `before_ms`. The head stays if it is in doubt, and so does the newest. ERR_NOT_FOUND if nothing
 * is taken out.
 */
enum err chain_drop_oldest(
    struct chain *c, size_t most, uint64_t before_ms, struct trouble *t) MUST_USE;

/*
 * One that was made could not be stored: a bundle says so. Where there is no room even for that
 * (collector/store/savefile.h) it is remembered, and written with what is written next: a crash
 * before that forgets it.
 */
enum err chain_note_dropped(struct chain *c, uint64_t time_ms, struct trouble *t) MUST_USE;

/* When the oldest gap record was measured that may be taken out; UINT64_MAX: there is none. */
uint64_t chain_oldest_ms(const struct chain *c);

/*
 * The head's nonce is void, so that no signer has it: it becomes a gap record, behind those that
 * were measured before it.
 */
enum err chain_drop_nonce(struct chain *c, struct trouble *t) MUST_USE;

/* Takes over what a signer remembers of us. ERR_INVARIANT if the chain is known already. */
enum err chain_adopt(
    struct chain *c, uint64_t seq, const struct digest *bundle, struct trouble *t) MUST_USE;

/* Calls back for each record of a queue file. What is cut off at its end is not there. */
typedef enum err chain_visit(void *context, const struct bundle *b);
enum err chain_each_queued(int log, const char *name, chain_visit *visit, void *context) MUST_USE;

#endif

/*
 * Staging: how an entry gets into the ledger (ledger.h says what becomes of it). It is written into
 * the open batch, and ended as what it is; what it changes is changed then.
 */
#ifndef HALLMARK_SIGNER_LEDGER_LEDGER_STAGE_H
#define HALLMARK_SIGNER_LEDGER_LEDGER_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/entry.h"
#include "proto/report/token_seen.h"
#include "signer/ledger/heads/workload.h"
#include "signer/ledger/ledger_events.h"
#include "signer/ledger/store/notice_row.h"

struct ledger;

/*
 * Whether the open batch takes another entry: what the signer itself has to say needs no other
 * room.
 */
bool ledger_entry_fits(const struct ledger *l);

/*
 * The transition to the log's next key that an operator has ordered and that is not in the log yet;
 * size 0: none. Valid until the next turn.
 */
struct view ledger_transition(const struct ledger *l);

/*
 * It is a succession: the key process signs nothing before its notice is in the log, and nothing is
 * committed before it stands, as the last entry, in the open batch.
 */
bool ledger_awaits_succession(const struct ledger *l);

/* What the key process that is up has told of its token; NULL: nothing. Until it tells again. */
const struct token_seen *ledger_token(const struct ledger *l);

/* The index that the next entry will get. */
uint64_t ledger_next_index(const struct ledger *l);

/*
 * The buffer to write an entry into, which is then ended as what it is, or cancelled. Ending it
 * stages it, or, with an error, leaves no trace.
 */
struct buf *ledger_entry_begin(struct ledger *l);
void ledger_entry_cancel(struct ledger *l);

/* A report: its workload's head moves. The waiter gets the receipt. */
struct ledger_staged {
	struct ledger_wanted wanted;
	uint64_t issued_s; /* iat */
	struct workload *workload;
	struct chain_head head; /* the indexes are set by the ledger, the entry's leaf hash later */
};
enum err ledger_report_end(struct ledger *l, const struct ledger_staged *staged) MUST_USE;

/*
 * An absence: the heads of these workloads move to those given, of which the ledger sets entry and
 * leaf hash.
 */
enum err ledger_absence_end(
    struct ledger *l, uint64_t issued_s, struct workload_update *absent, size_t count) MUST_USE;

/*
 * A notice; index and leaf of the row are the ledger's to set, and `place` gets them. `waiter`, if
 * not NULL, is told by events.noted when it is sealed.
 */
enum err ledger_notice_end(struct ledger *l, const struct notice_row *row, void *waiter,
    struct entry_place *place) MUST_USE;

/*
 * The entry that was ended last is the key notice of what ledger_transition gave: the open batch
 * takes no other, its checkpoint is the last of the log's key, and what comes behind it is signed
 * by the key that follows.
 */
void ledger_end_key(struct ledger *l);

/* Whether the key that signs has this id (SHA-256 of its SubjectPublicKeyInfo); once it is ready.
 */
bool ledger_key_is(const struct ledger *l, const struct digest *id);

#endif

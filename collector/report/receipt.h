/*
 * Receipts: checked before they are believed, saved before anything is acknowledged.
 *
 * Checked are: the report is in its one valid form, by the log that was spoken to, and about
 * exactly the bundle that was sent, with its signature if it had one; the checkpoint is one of this
 * log; and the proof leads from the report to its root. With the certificate of the log's key at
 * hand the signature over the checkpoint is verified too.
 *
 * Files: <workload>-<log>-<seq, ten digits>.tlog-proof (C2SP tlog-proof), and .jwt beside it where
 * the signer gave tokens, a line each. <log> is the beginning of its origin's SHA-256, eight hex
 * digits: each log numbers the reports of a workload for itself.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_RECEIPT_H
#define HALLMARK_COLLECTOR_REPORT_RECEIPT_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/store/chain.h"
#include "collector/tell/board.h"
#include "proto/err.h"
#include "proto/report/report.h"
#include "proto/tlog/note.h"
#include "proto/wire/message.h"

#define RECEIPT_NAME_SIZE 256 /* bytes with NUL: NAME_MAX of Linux */

/* The newest receipt of a workload, for those who want to print it. */
struct receipt_summary {
	enum report_status status;
	uint64_t seq;
	uint64_t index;               /* in the log */
	char file[RECEIPT_NAME_SIZE]; /* its name */
};

/* Keys of a log: a checkpoint is to be signed by one of them. Zero-initialised: not configured. */
struct receipt_keys {
	struct receipt_key {
		EVP_PKEY *key; /* owned; NULL: there is none */
		struct note_verifier
		    *verifier; /* of the log that was verified last; NULL at first */
	} now, next;
};

void receipt_keys_free(struct receipt_keys *keys);

/*
 * Without `keys->now.key` the signature over the checkpoint is not looked at. ERR_FORMAT,
 * ERR_MISMATCH, ERR_PROOF, ERR_SIGNATURE, ERR_UNKNOWN_KEY, ... with the trouble in words. `said`
 * is what the report says.
 */
enum err receipt_verify(const struct message_receipt *r, struct view log,
    const struct chain_head *sent, struct receipt_keys *keys, struct board_verdict *said,
    struct trouble *t) MUST_USE;

/* The name of a receipt's file; `log` is the log's origin. */
void receipt_name(
    struct view workload, struct view log, uint64_t seq, char name[RECEIPT_NAME_SIZE]);

/* Saves into `dir`, durably. ERR_IO (final, see collector/store/savefile.h). */
enum err receipt_save(
    int dir, const struct message_receipt *r, struct view log, struct trouble *t) MUST_USE;

/* Each so many numbers the directory is listed, which may hold a million names. */
#define RECEIPT_LISTED_EACH 1024

/*
 * Behind receipt `seq`: removes the oldest receipts of a workload in a log, down to `kept`; 0:
 * keeps all. Down from the first that is too old until one is not there; those below that are found
 * where the directory is listed. Those above `seq` stay, and count for nothing.
 */
void receipt_prune(int dir, struct view workload, struct view log, uint64_t seq, uint32_t kept);

#endif

/*
 * What a log has signed and somebody has kept apart from it: a checkpoint, or a receipt, which is a
 * checkpoint and the place of one entry under it.
 */
#ifndef HALLMARK_LOG_ANCHOR_H
#define HALLMARK_LOG_ANCHOR_H

#include <stdbool.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/log_reader.h"
#include "log/outcome.h"
#include "log/receipt_check.h"
#include "log/seal.h"
#include "proto/bytes.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"

#define ANCHOR_SIZE_MAX TLOGPROOF_SIZE_MAX /* bytes of a file: a receipt is the larger of both */

/* Authentic: its signature, and where it has one its proof, were verified. */
struct anchor {
	char *name; /* for people: its file */
	struct buf note;
	struct checkpoint checkpoint;
	struct digest
	    signer;    /* SHA-256 of the SubjectPublicKeyInfo of its key, where it was read */
	bool has_leaf; /* it is a receipt with its entry; what follows is about that */
	uint64_t index;
	struct digest leaf;
	struct merkle_proof proof;
};

/*
 * Reads a receipt or a signed checkpoint, and tells what is wrong with it. Of a receipt without its
 * entry (no line "extra") the checkpoint alone counts. NULL where the outcome is not good.
 */
enum outcome anchor_read(const char *path, const struct seal_wanted *wanted,
    const struct findings *f, struct anchor **out) MUST_USE;

/* Of a receipt that is included; of a log's own checkpoint. NULL for want of memory. */
struct anchor *anchor_of_receipt(const char *name, const struct receipt_check *c);
struct anchor *anchor_of_log(const char *name, const struct log_reader *l);

void anchor_free(struct anchor **a);

#endif

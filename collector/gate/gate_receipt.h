/*
 * The newest receipt of what was measured before a workload's start, as it is kept: verified again
 * before anything is concluded from it.
 */
#ifndef HALLMARK_COLLECTOR_GATE_GATE_RECEIPT_H
#define HALLMARK_COLLECTOR_GATE_GATE_RECEIPT_H

#include "collector/report/receipt.h"
#include "config/collector/collector_config.h"
#include "proto/report/report.h"
#include "proto/tlog/tlogproof.h"

struct gate_receipt {
	struct buf text, storage;
	struct tlogproof proof;
	struct report_document document;
	bool is_there; /* read, verified, and about this chain of this collector */
};

#define GATE_RECEIPT_INIT                                                                          \
	((struct gate_receipt){                                                                    \
	    .text = BUF_INIT, .storage = BUF_INIT, .document = REPORT_DOCUMENT_INIT})

/* The keys that logs are believed by: one for each signer. ERR_CONFIG with the trouble, ERR_MEMORY.
 */
enum err gate_keys_load(
    const struct collector_config *config, struct receipt_keys **out, struct trouble *t) MUST_USE;
void gate_keys_free(const struct collector_config *config, struct receipt_keys **keys);

/*
 * Reads that of `chain` from `dir`. What cannot be read, or is not verified by any of the keys, is
 * not there.
 */
void gate_receipt_read(int dir, struct view chain, const struct collector_config *config,
    const struct receipt_keys *keys, struct gate_receipt *out);
void gate_receipt_free(struct gate_receipt *r);

/* Keeps one that was verified in its place, durably, and appends it to `text`. `dir` -1: it has no
 * place. */
enum err gate_receipt_keep(int dir, struct view chain, const struct message_receipt *m,
    struct buf *text, struct trouble *t) MUST_USE;

/* Whether it is affirming now, no older than that, and of these very components. */
bool gate_receipt_serves(const struct gate_receipt *r,
    const struct bundle_component component[COMPONENT_KIND_COUNT], uint64_t now_s,
    uint64_t max_age_s);

#endif

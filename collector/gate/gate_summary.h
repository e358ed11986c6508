/*
 * Verification summaries of a start (proto/summary/summary.h): taken with its receipt, and demanded
 * by a later stage, which has what is to be deployed and asks no signer.
 */
#ifndef HALLMARK_COLLECTOR_GATE_GATE_SUMMARY_H
#define HALLMARK_COLLECTOR_GATE_GATE_SUMMARY_H

#include "collector/ground/trouble.h"
#include "collector/report/receipt.h"
#include "config/collector/collector_config.h"
#include "proto/evidence/bundle_extensions.h"

/*
 * Appends the summary that came with a receipt which was verified by `keys`. ERR_NOT_FOUND with the
 * trouble if none did; the errors of summary.h, and ERR_MISMATCH, with it for one that is not by
 * the log's key, or about another report, artifact or verdict.
 */
enum err gate_summary_take(const struct message_receipt *m, const struct receipt_keys *keys,
    struct buf *to, struct trouble *t) MUST_USE;

/* What a later stage demands. */
struct gate_demand {
	const char *file;     /* of the summary */
	const char *verifier; /* id that it has to be by; NULL: any of the log's profiles */
	uint64_t max_age_s;   /* since it was verified */
	uint64_t now_s;
};

/*
 * Whether the summary is by a log that the configuration pins, of the workload, PASSED, young
 * enough, and about this artifact; `t` has it in words. ERR_MISMATCH: another artifact, or FAILED;
 * any other error: it says nothing of it.
 */
enum err gate_summary_demand(const struct gate_demand *d, const struct collector_config *config,
    const struct receipt_keys *keys, struct view workload, const struct bundle_artifact *artifact,
    struct trouble *t) MUST_USE;

#endif

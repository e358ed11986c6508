/*
 * What the index does not have yet: the newest head of each workload that changed, notices, and new
 * evidence. It collects with every publication and goes to the index only now and then, because a
 * workload that reports often has one row, not one for each report.
 */
#ifndef HALLMARK_SIGNER_LEDGER_INDEX_CHANGES_H
#define HALLMARK_SIGNER_LEDGER_INDEX_CHANGES_H

#include <stddef.h>

#include "signer/ledger/heads/workload.h"
#include "signer/ledger/store/index.h"

/* All zero is empty. Aborts for want of memory: the index would lack what it says it has. */
struct index_changes {
	struct workload_update *head; /* one a workload */
	size_t head_count, head_capacity;
	struct notice_row *notice;
	size_t notice_count, notice_capacity;
	struct index_evidence *evidence;
	size_t evidence_count, evidence_capacity;
};

/* Heads of a workload come in the order of the log. */
void index_changes_head(struct index_changes *c, const struct workload_update *u);
void index_changes_notice(struct index_changes *c, const struct notice_row *n);
void index_changes_evidence(struct index_changes *c, const struct index_evidence *e);

/* Moves all of it to `to`, to be freed there; `c` collects anew. */
void index_changes_take(struct index_changes *c, struct index_changes *to);
void index_changes_free(struct index_changes *c);

#endif

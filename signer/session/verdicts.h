/*
 * Judgements that are remembered: how one rule judged one component, so that a component is
 * appraised once per policy and not once per report.
 *
 * Bounded: what was used longest ago is forgotten first, and made again from the stored component
 * when it is needed. So a collector that reports something new each time costs disk, not memory.
 */
#ifndef HALLMARK_SIGNER_SESSION_VERDICTS_H
#define HALLMARK_SIGNER_SESSION_VERDICTS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/appraisal/appraise.h"
#include "proto/err.h"

/* Some 400 bytes for a component without findings: 160,000 of them, five of each of 32,000 hosts.
 */
#define VERDICTS_BYTES_MAX (64UL * 1024 * 1024)

/*
 * One of the judgements about a component, by several rules. The list of them begins in what they
 * are about (struct evidence_item); NULL: none.
 */
struct verdict;

/* All that are remembered. Zero-initialised. */
struct verdicts {
	struct verdict *oldest, *newest; /* by use */
	size_t bytes;
};

/* The judgement of `rule` about the component, or NULL if none is kept for this policy and time. */
const struct component_verdict *verdicts_find(struct verdicts *all, struct verdict **list,
    const struct policy_rule *rule, uint64_t generation, uint64_t now_s);

/* Keeps a judgement (moved) of the policy of this generation. ERR_MEMORY. */
enum err verdicts_keep(struct verdicts *all, struct verdict **list, const struct policy_rule *rule,
    uint64_t generation, struct component_verdict *verdict) MUST_USE;

/* Forgets as much as is over the bound; what was found or kept before may be gone then. */
void verdicts_trim(struct verdicts *all);

/* Forgets everything; before the lists' owners go. */
void verdicts_free(struct verdicts *all);

#endif

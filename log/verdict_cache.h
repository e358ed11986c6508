/*
 * What a replay makes again and again: policies, and judgements of components by their rules. A
 * bounded number of each is kept; a log names few of them for a long time.
 */
#ifndef HALLMARK_LOG_VERDICT_CACHE_H
#define HALLMARK_LOG_VERDICT_CACHE_H

#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/findings.h"
#include "policy/appraise.h"
#include "policy/policy.h"

struct verdict_cache;

/* Reader and listener must outlive the cache. NULL for want of memory. */
struct verdict_cache *verdict_cache_new(struct evidence_reader *evidence, const struct findings *f);
void verdict_cache_free(struct verdict_cache **c);

/*
 * The policy with this id, built from the evidence; valid until the next call. ERR_FORMAT if the id
 * names no manifest; the errors of evidence_reader_get and policy_from_manifest. Faults of a stored
 * policy are told once.
 */
enum err verdict_cache_policy(
    struct verdict_cache *c, struct view id, const struct policy **out) MUST_USE;

/*
 * How `rule` judges the component that a bundle names, as at `received_s`; valid until the next
 * call for this kind. ERR_COMPONENT_FORMAT or ERR_MISMATCH if the stored bytes are no such
 * component; the errors of evidence_reader_get.
 */
enum err verdict_cache_judge(struct verdict_cache *c, const struct policy_rule *rule,
    enum component_kind kind, const struct bundle_component *named, uint64_t received_s,
    const struct component_verdict **out) MUST_USE;

#endif

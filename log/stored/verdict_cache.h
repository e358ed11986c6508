/*
 * Judgements of components by rules, which a replay makes again and again. What was not used for
 * long is given up: a log names the same components for a long time.
 */
#ifndef HALLMARK_LOG_STORED_VERDICT_CACHE_H
#define HALLMARK_LOG_STORED_VERDICT_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "log/evidence_reader.h"
#include "policy/appraisal/appraise.h"
#include "policy/policy.h"

/* Some 500 bytes for a component without findings: 250,000 of them, five of each of 50,000 hosts.
 */
#define VERDICT_CACHE_BYTES_MAX (128UL * 1024 * 1024)

struct verdict_cache;

/* The reader must outlive the cache, which keeps about `bytes_max`. NULL for want of memory. */
struct verdict_cache *verdict_cache_new(struct evidence_reader *evidence, size_t bytes_max);
void verdict_cache_free(struct verdict_cache **c);

/*
 * How `rule`, of the policy with this serial number (log/stored/policy_cache.h), judges the
 * component that a bundle names, as at `received_s` and with these amendments; valid until what is
 * asked for then fills half of the cache: through all components of a report. ERR_COMPONENT_FORMAT,
 * ERR_DIGEST or ERR_MISMATCH if the stored bytes are no such component; the errors of
 * evidence_reader_get.
 */
enum err verdict_cache_judge(struct verdict_cache *c, uint64_t policy,
    const struct policy_rule *rule, const struct amendments *amendments, enum component_kind kind,
    const struct bundle_component *named, uint64_t received_s,
    const struct component_verdict **out) MUST_USE;

#endif

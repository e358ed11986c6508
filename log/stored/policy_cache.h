/*
 * Policies that a replay builds again from the evidence. A bounded number is kept; a log uses one
 * for a long time.
 */
#ifndef HALLMARK_LOG_STORED_POLICY_CACHE_H
#define HALLMARK_LOG_STORED_POLICY_CACHE_H

#include <stdint.h>

#include "log/evidence_reader.h"
#include "log/findings.h"
#include "policy/policy.h"

struct policy_cache;

/* Reader and listener must outlive the cache. NULL for want of memory. */
struct policy_cache *policy_cache_new(struct evidence_reader *evidence, const struct findings *f);
void policy_cache_free(struct policy_cache **c);

/*
 * The policy with this id, built from the evidence; valid until the next call. `serial` is a number
 * from 1 that no other policy of this cache ever has. ERR_FORMAT if the id names no manifest; the
 * errors of evidence_reader_get and policy_from_manifest. Faults of a stored policy are told once.
 */
enum err policy_cache_get(
    struct policy_cache *c, struct view id, const struct policy **out, uint64_t *serial) MUST_USE;

#endif

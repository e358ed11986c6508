/*
 * Roll-out: a policy beside the one before it, which decides where its groups do not say `on`
 * (PROTOCOL.md, section 11).
 */
#ifndef HALLMARK_POLICY_POLICY_ROLLOUT_H
#define HALLMARK_POLICY_POLICY_ROLLOUT_H

#include "policy/policy.h"
#include "proto/report/report.h"

/* A policy has no more. */
#define POLICY_GROUP_COUNT_MAX 32

/* The manifest that it is rolled out against; NULL: it decides alone. */
const struct digest *policy_rollout_from(const struct policy *p);

/*
 * The policy of that manifest, with what it rolled out itself left out; NULL: there is none, or it
 * was loaded from a file, and nobody has brought it yet. The policy's.
 */
const struct policy *policy_older(const struct policy *p);

/*
 * Brings it from a policy that gives way to this one: that itself, or its own older one, if it is
 * just that manifest's. True: what was needed is here, and *before is NULL if it was that one; else
 * the caller's as it was.
 */
bool policy_inherit_older(struct policy *p, struct policy **before);

/* As policy_find, in the older one; NULL where there is none. */
const struct policy_rule *policy_find_older(
    const struct policy *p, struct view workload, struct view collector);

/* Its groups, in the file's order: their names, and what it does there. */
size_t policy_group_count(const struct policy *p);
struct view policy_group_name(const struct policy *p, size_t index);
size_t policy_group_number(const struct policy *p, struct view name); /* from 1; 0: none */
enum report_enforce policy_group_enforce(const struct policy *p, size_t index);

#endif

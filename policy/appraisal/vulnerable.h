/*
 * Every advisory that a component's findings `vulnerable` are about; of a finding three ids are
 * told in a report. As judge_vulnerable.c finds them, in the same order.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_VULNERABLE_H
#define HALLMARK_POLICY_APPRAISAL_VULNERABLE_H

#include "policy/governance/amendments.h"
#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/evidence/component.h"

/* All of it is there during a call alone, in any bytes. */
struct vulnerable_item {
	struct view package; /* its name; of a file its path */
	struct view value;   /* as it was measured; of a file empty */
	struct view mended;  /* of a package: by this version, of all that have one; else empty */
	size_t open;         /* advisories that no version mends */
};

struct vulnerable_advisory {
	struct view id, feed; /* the feed's name */
	struct view mended;   /* by this version; empty: by none */
};

struct vulnerable_listener {
	void *context;
	/* Each advisory of an item, then the item, for which there is one finding. */
	void (*advisory)(void *context, const struct vulnerable_advisory *a);
	void (*item)(void *context, const struct vulnerable_item *i);
};

void vulnerable_tell(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t now_s, const struct vulnerable_listener *to);

#endif

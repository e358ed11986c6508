/*
 * The manifest of a policy: names the policy's text and every reference set by digest. One
 * spelling: policy.h has the form. Its SHA-256 is the policy's identity.
 */
#ifndef HALLMARK_POLICY_MANIFEST_H
#define HALLMARK_POLICY_MANIFEST_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

struct manifest_reference {
	struct view name; /* as bundle_workload_check allows it: no space, no '\n' */
	struct digest digest;
};

struct manifest {
	struct digest policy;
	size_t count;
	struct manifest_reference *references; /* by name; the names point into the parsed bytes */
};

/* Sorts `references` by name, then appends the text. */
void manifest_write(const struct digest *policy, struct manifest_reference *references,
    size_t count, struct buf *to);

/* ERR_FORMAT for every other spelling. Sets *out to NULL first. `text` must outlive it. */
enum err manifest_parse(struct view text, struct manifest **out) MUST_USE;
void manifest_free(struct manifest **m);

/* NULL if no reference has this name. */
const struct digest *manifest_find(const struct manifest *m, struct view name);

#endif

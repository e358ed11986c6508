/*
 * What a rule for images says besides its facts, as demands for facts: of what differs from the
 * image, only paths that the rule allows, and of which image it is, something. Only policy/
 * includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_IMAGE_H
#define HALLMARK_POLICY_COMPILE_POLICY_IMAGE_H

#include "policy/compile/draft.h"

/* How many facts an image's component has of what differs. */
#define POLICY_IMAGE_FACTS 4

/* Appends them to `facts`, which has room for as many. */
void policy_image_compile(struct draft *d, const char *key, const struct raw_fact_rule *raw,
    struct fact_demand *facts, size_t *count);

#endif

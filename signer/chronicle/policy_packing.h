/*
 * A policy on its way into the evidence store, so that the loop does not wait for it: what is new
 * of a large one is compressed, and what is there is read once, on another thread; then it is added
 * a piece a turn. Whoever needs the policy to be there calls stored_policy_keep all the same, which
 * finds it there.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_POLICY_PACKING_H
#define HALLMARK_SIGNER_CHRONICLE_POLICY_PACKING_H

#include <stdbool.h>

#include "policy/policy.h"
#include "proto/bytes.h"

/*
 * Bytes of content in a turn, or one object: memory for them and their records is taken within some
 * two milliseconds.
 */
#define POLICY_PACKING_AT_ONCE (1024UL * 1024)

struct evidence_store;
struct policy_packing;

/* On the loop, as `place`. The policy has to stay as long as this. Aborts for want of memory. */
struct policy_packing *policy_packing_new(struct evidence_store *s, const struct policy *p);
void policy_packing_free(struct policy_packing **p);

/* On any thread, once, before anything is placed. */
void policy_packing_run(struct policy_packing *p);

/* Adds some of it, with the open batch. True when all is added. */
bool policy_packing_place(struct policy_packing *p, struct buf *batch);

#endif

/*
 * Policies and statements out of the evidence store, where everything lies that a log relies on.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_STORED_POLICY_H
#define HALLMARK_SIGNER_CHRONICLE_STORED_POLICY_H

#include "policy/policy.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

/*
 * A policy_fetch; `context` is a struct evidence_store. ERR_NOT_FOUND, ERR_MISMATCH if it is of
 * another kind; else as evidence_read.
 */
enum err stored_fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to) MUST_USE;

/* Adds all of a policy to the store: with the open batch. As evidence_add. */
struct evidence_store;
enum err stored_policy_keep(
    struct evidence_store *s, const struct policy *p, struct buf *batch) MUST_USE;

/* Builds the policy of this manifest. As policy_from_manifest; *out is NULL then. */
enum err stored_policy_load(
    struct evidence_store *s, const struct digest *manifest, struct policy **out) MUST_USE;

#endif

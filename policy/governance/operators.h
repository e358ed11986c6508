/*
 * The operators file: whose statements count, for what, and how many it takes.
 * config/samples/operators.yaml is the commented reference.
 *
 * A policy names it, so it is a part of the policy's manifest: who may decide changes only as a
 * policy does. It is loaded whole and is immutable. Keys are looked up by their name, the SHA-256
 * of their SubjectPublicKeyInfo.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_OPERATORS_H
#define HALLMARK_POLICY_GOVERNANCE_OPERATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement_key.h"
#include "proto/statement/statement_kind.h"

#define OPERATORS_SIZE_MAX     (1024 * 1024) /* bytes of the file */
#define OPERATORS_MAX          128           /* people with a say in one log */
#define OPERATORS_ROLE_MAX     256           /* bytes */
#define OPERATORS_KEY_TEXT_MAX 1500          /* characters of base64, for STATEMENT_KEY_SPKI_MAX */

struct operator_entry {
	struct view name; /* as a workload's */
	struct view role; /* text for people; may be empty */
	bool right[STATEMENT_KIND_COUNT];
	const struct statement_key *key;
	uint64_t until_s; /* the key counts before this time; 0: always */
};

struct operators;

/*
 * Every fault is added, with its line of `file`; ERR_CONFIG then, and *out is NULL. The text is
 * copied. No clock decides anything.
 */
enum err operators_parse(
    const char *file, struct view yaml, struct faults *faults, struct operators **out) MUST_USE;
void operators_free(struct operators **o);

/* In the file's order. */
size_t operators_count(const struct operators *o);
const struct operator_entry *operators_at(const struct operators *o, size_t index);

/* NULL if the key is nobody's here. */
const struct operator_entry *operators_find(const struct operators *o, const struct digest *key_id);

/*
 * He is called so: A to Z are as a to z, so that nobody is another by a capital letter.
 */
bool operator_is_named(const struct operator_entry *op, struct view name);

/* The key counts at this time. */
bool operator_counts(const struct operator_entry *op, uint64_t now_s);

/*
 * How many different operators it takes: at least 1. More only for STATEMENT_APPROVE and
 * STATEMENT_CONTINUE_KEY, up to NOTICE_APPROVALS_MAX.
 */
uint32_t operators_threshold(const struct operators *o, enum statement_kind kind);

#endif

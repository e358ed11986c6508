/*
 * The keys of a rule for files that say what a finding yields: one table for all that tells of
 * them.
 */
#ifndef HALLMARK_POLICY_WORDS_OUTCOME_KEYS_H
#define HALLMARK_POLICY_WORDS_OUTCOME_KEYS_H

#include <stddef.h>

#include "policy/appraisal/finding.h"
#include "policy/rules/rule.h"

struct outcome_key {
	const char *name;
	enum finding finding; /* that it is about first of all */
	unsigned kinds;       /* bit k: a rule for kind k knows it */
	size_t offset;        /* of the outcome in struct file_rule */
};

/* NULL behind the last. */
const struct outcome_key *outcome_key_at(size_t index);

/* The key that decides what a finding about a component of this kind yields; NULL: another rule. */
const struct outcome_key *outcome_key_of(enum component_kind kind, enum finding finding);

enum report_status outcome_key_value(const struct outcome_key *k, const struct file_rule *r);

#endif

/*
 * A policy while it is put together: where its parts note their faults, and the memory they are
 * made in. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_DRAFT_H
#define HALLMARK_POLICY_COMPILE_DRAFT_H

#include <stddef.h>

#include "config/faults.h"
#include "config/nearest.h"
#include "policy/compile/policy_schema.h"
#include "policy/rules/rule.h"

#define DRAFT_KEY_MAX 96 /* bytes of "workloads[9999].executable.references[15]" and room */

struct draft {
	struct policy *policy;
	const struct raw_policy *raw;
	const char *file;
	struct faults *faults;
	struct draft_told *told; /* of what many entries have in common */
	unsigned guesses;        /* at what was meant by names that are not there */
};

/* At the end; the policy may have faults. */
void draft_end(struct draft *d);

/*
 * A fault at the place of the key, with the key named as it is written there. Once, where it is
 * written once and stands in many entries.
 */
void draft_fault(struct draft *d, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A text about the key with the key named as it is written, to be freed; NULL if it is written so.
 * And where that is, without a file if it is not there.
 */
char *draft_as_written(
    const struct yaml_file *f, const char *key, const char *text, struct yaml_spot *spot);

/* Zeroed memory that lives as long as the policy; aborts for want of it. */
void *draft_memory(struct policy *p, size_t count, size_t size);

/* The pattern; a fault at the line of the key if it is none. */
struct view draft_pattern(struct draft *d, const char *key, const char *pattern);

/* A date or time (proto/utc.h), 0 for NULL; a fault at the line of the key if it is none. */
uint64_t draft_date(struct draft *d, const char *key, const char *date);

/*
 * An entry of `workloads`, or its `start`, that is made into a rule; and a key of it, written into
 * `key` of DRAFT_KEY_MAX bytes, which is returned.
 */
struct draft_entry {
	size_t index; /* in `workloads` */
	bool is_start;
	const struct raw_workload *raw;
	struct policy_rule *rule;
};
const char *draft_entry_key(const struct draft_entry *entry, const char *rest, char *key);

/*
 * What may have been meant by a name that is not there: offer all that are, of which some may be
 * NULL for a fault. Of a policy with many such names the first are guessed at.
 */
void draft_guess_begin(struct draft *d, struct nearest *n, const char *name);
void draft_guess_offer(struct nearest *n, const char *known);

/* The rule for this kind of files, NULL if the entry has none. */
const struct raw_file_rule *draft_file_rule(const struct raw_workload *w, enum component_kind kind);

/* A fault at the line of the key if this is no name; NULL has its fault already. */
void draft_name(struct draft *d, const char *key, const char *name);

/* Fail closed: whatever is not said is contraindicated. */
enum report_status draft_outcome(enum raw_outcome raw);

#endif

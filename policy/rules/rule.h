/*
 * The inside of a policy: what loading makes and appraisal reads. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_RULES_RULE_H
#define HALLMARK_POLICY_RULES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/yaml.h"
#include "policy/governance/collectors_ca.h"
#include "policy/governance/operators.h"
#include "policy/layout/layout.h"
#include "policy/rules/package_list.h"
#include "policy/rules/policy_file.h"
#include "policy/rules/releases.h"
#include "policy/sources/reference.h"
#include "policy/sources/source_options.h"
#include "policy/values/range.h"
#include "proto/evidence/component.h"
#include "proto/region.h"
#include "proto/report/report.h"

/* How files are read that are no sets themselves. */
struct policy_source {
	const char *name;
	struct source_options options;
};

struct policy_reference {
	const char *name;                   /* of a release: "family@release" */
	const char *file;                   /* as the policy has it */
	const struct policy_source *source; /* NULL: the file is a set */
	const struct policy_family *family; /* NULL: it is no release, and always counts */
	size_t release;
	struct reference_set *set;
	struct buf content; /* as it was read; a set points into it */
	struct buf text;    /* that the source made of it, which the set points into then */
	struct digest digest;
};

struct policy_collectors_ca {
	const char *name;
	struct collectors_ca *cas;
	struct buf content; /* as it was read */
	struct digest digest;
};

struct policy_operators {
	struct operators *operators; /* NULL: the policy names none */
	struct buf content;          /* as it was read */
	struct digest digest;
};

/* Texts as they stand in `made`. */
struct texts {
	size_t count;
	const struct view *text;
};

/* Executable memory without a file that is accepted, of the programs that match. */
struct anonymous_rule {
	struct view program; /* a pattern */
	struct range bytes, mappings;
	bool writable; /* at the same time, too */
};

/* A file that is accepted until a time as if a set had it, which the report says. */
struct exception_rule {
	enum component_kind kind;
	struct view path, subject; /* as it is measured; and as a report shows it */
	struct digest digest;
	uint64_t until_s; /* from then on it is as if it were not there */
	struct view why;
	struct view owner; /* for people; size 0: not said */
	size_t place;      /* in its rule */
};

/*
 * Sets that all rules of an entry may use: bits of a mask. A report has those that count, which are
 * fewer (REPORT_REFERENCES_MAX).
 */
#define POLICY_RULE_SETS_MAX 64
#define POLICY_RELEASE_MAX   REPORT_REFERENCES_MAX /* families of an entry, each with a set */

/* For executable, libraries and files. Each outcome is NONE, WARNING or CONTRAINDICATED. */
struct file_rule {
	uint64_t references; /* bit i: reference[i] of the policy_rule */
	bool by_content;     /* what a set has under another path is accepted */
	bool symlinks;       /* judged by the digest of their text; otherwise never accepted */
	bool complete;       /* each path of the references has to be measured */
	enum report_status unknown, changed, missing, deleted, replaced, memfd, anonymous, writable;
	enum report_status unreadable, unstable, world_writable, other_process;
	enum report_status modified_code, restored_code, probed_code, changed_since_start;
	enum report_status setuid, capabilities, owner, writable_by_others, other_program, rights;
	struct view path;    /* of the program that the main process has to run; size 0: any */
	struct texts demand; /* libraries that have to be mapped, by path */
	size_t owner_count;  /* of files: who may own them; 0: it does not matter */
	const uint32_t *owners;
	size_t accepted_anonymous_count; /* of libraries */
	const struct anonymous_rule *accepted_anonymous;
	struct texts patterns; /* which must be among those that it was made with */
	/* with which it may be made */
	struct texts excludes, may_change, may_grow, options;
};

struct patterns {
	bool said; /* an empty list says something, too */
	size_t count;
	const struct view *pattern;
};

/* What a fact has to be; every condition that is said must hold. */
struct fact_demand {
	struct view name;
	bool implied;           /* the policy does not name it: not measured is no finding */
	const char *key;        /* of the rule for images, which says it; NULL: a fact does */
	size_t place;           /* in the file */
	struct patterns where;  /* one, or none: only values that match it are looked at */
	uint32_t word;          /* of each of these, counted from 1; 0: all of it */
	struct patterns equals; /* the values, all of them in this order */
	struct patterns require, allow, deny;
	struct range count, number, version, date;
	enum report_status unmatched;
};

/* Advisories that are wanted. What they are, the log says. */
struct policy_feed {
	const char *name;
	uint32_t max_age_s; /* 0: however old it may be */
};

struct policy_package_list {
	const char *name;
	struct package_list *list;
	struct buf content; /* as it was read */
	struct digest digest;
};

/* What differs from the lists of a rule for pages; `script` is all that makes a browser do things.
 */
enum web_difference {
	WEB_UNKNOWN_SCRIPT,
	WEB_CHANGED_SCRIPT,
	WEB_MISSING_SCRIPT,
	WEB_UNKNOWN_HEADER,
	WEB_CHANGED_HEADER,
	WEB_MISSING_HEADER,
	WEB_DIFFERENCES,
};

/* For config, host, image, packages, runtime and web. */
struct fact_rule {
	size_t list_count; /* of packages and web: what may be there; 0: it does not matter */
	const struct policy_package_list **lists;
	enum report_status unlisted;             /* of packages */
	struct patterns allow;                   /* of web: "FACT VALUE" that may be there, too */
	enum report_status web[WEB_DIFFERENCES]; /* of web */
	size_t fact_count;
	const struct fact_demand *facts; /* by name, then as in the file */
};

/* Workloads for which it is said whether a policy decides that is being rolled out. */
struct policy_group {
	struct view name;
	bool by_conditions; /* has any: else it is for entries that name it, alone */
	struct patterns collectors, workloads; /* one of each that is said has to match */
	const struct fact_rule *facts;         /* of `runtime`: all have to hold; NULL: none said */
	enum report_enforce enforce;
};

/*
 * One entry of `workloads`. A component kind has a file rule or a fact rule by its shape, or
 * none.
 */
struct policy_rule {
	struct view match;
	const struct policy_group *own_group; /* that it names; NULL: none */
	size_t group_count;
	const struct policy_group *groups; /* the policy's, in the file's order */
	size_t collector_count;
	const struct view *collectors;
	bool require[COMPONENT_KIND_COUNT];
	bool recorded[COMPONENT_KIND_COUNT];
	struct view tokens; /* proto/wire/token_wants.h; size 0: none; of a start its summary */
	uint32_t max_age_s;
	uint32_t signature_every_s; /* 0: not demanded */
	uint32_t report_every_s;    /* 0: not demanded */
	uint32_t grace_s;
	enum report_status missing, unmeasured;
	uint64_t review_by_s; /* when somebody is to look through it again; 0: not said */
	bool main_only;       /* accepts what was measured of the main process alone */
	const struct file_rule *files[COMPONENT_KIND_COUNT];
	const struct fact_rule *facts[COMPONENT_KIND_COUNT];
	enum report_status mixed_release;
	enum report_status vulnerable, no_feed;
	size_t feed_count;
	const struct policy_feed **feeds; /* the policy's, by name; REPORT_FEEDS_MAX at most */
	size_t reference_count;
	const struct policy_reference **reference; /* by name; at most POLICY_RULE_SETS_MAX */
	uint64_t *family; /* of each reference: its bit, and those of its family's others */
	size_t release_count;
	uint64_t *release; /* families that have to be of one release: bits */
	size_t exception_count;
	struct exception_rule *exception; /* of all rules, by kind; at most REPORT_EXCEPTIONS_MAX */
	const struct policy_rule *start;  /* of what is measured before; NULL: it says nothing */
	bool is_start;                    /* that is what this one is */
};

struct policy {
	struct layout *layout;  /* strings of the rules point into it */
	struct yaml_file *yaml; /* the layout's */
	struct buf id;
	struct buf manifest;
	struct policy_operators operators;
	size_t package_list_count;
	struct policy_package_list *package_lists; /* in the file's order */
	size_t collectors_ca_count;
	struct policy_collectors_ca *collectors_ca; /* in the file's order */
	uint64_t review_by_s;                       /* of all of it; 0: not said */
	size_t feed_count;
	struct policy_feed *feeds; /* in the file's order */
	size_t source_count;
	struct policy_source *sources; /* in the file's order */
	size_t reference_count;
	struct policy_reference *references; /* in the file's order, then releases */
	size_t family_count;
	struct policy_family *families;
	size_t window_count;
	struct policy_window *windows; /* of all families, in the file's order */
	size_t group_count;
	struct policy_group *groups; /* in the file's order */
	bool rolls_out;
	struct digest rollout_from; /* if it does: the older manifest */
	struct policy *older;       /* of that, as if it rolled out nothing; NULL: not brought */
	size_t rule_count, start_count;
	struct policy_rule *rules; /* then those for what is measured before a start */
	size_t object_count;
	struct policy_object *objects;
	size_t file_count;
	struct policy_file *files; /* in the order in which they were read */
	struct region memory;      /* of all that the rules point to */
};

/* In `rules`; of a `start` that of its entry. */
size_t policy_rule_entry(const struct policy *p, const struct policy_rule *rule);

/* The family that bits of `reference` are of, of which there is one at least. */
const struct policy_family *policy_rule_family(const struct policy_rule *rule, uint64_t bits);

#endif

/*
 * A policy as it stands, its files put together (policy/layout/layout.h), before it is checked and
 * made into rules (policy_compile.h). Keys that were left out, or were faulty, are NULL or zero.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_SCHEMA_H
#define HALLMARK_POLICY_COMPILE_POLICY_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/layout/layout.h"
#include "proto/evidence/component.h"

#define POLICY_PATTERN_MAX    256  /* bytes: the longest SPIFFE path in use is shorter */
#define POLICY_REFERENCES_MAX 1024 /* of a policy, releases too: each is a file */
#define POLICY_FAMILIES_MAX   256
#define POLICY_RELEASES_MAX   64   /* of a family: as many as a rule can use */
#define POLICY_WINDOWS_MAX    1024 /* past ones may stay for a while */
/* Bytes, and lines, of all its sets and lists: some 500 MiB of memory. */
#define POLICY_CONTENTS_SIZE_MAX (128UL * 1024 * 1024)
#define POLICY_LINES_MAX         2000000UL
#define POLICY_SOURCES_MAX       64    /* as many as teams that build */
#define POLICY_PACKAGE_LISTS_MAX 64    /* of a policy: each is a file */
#define POLICY_CAS_MAX           64    /* of a policy: each is a file */
#define POLICY_WORKLOADS_MAX     10000 /* entries; patterns cover more workloads than that */
#define POLICY_COLLECTORS_MAX    1024  /* patterns of one entry */
#define POLICY_FACTS_MAX         1024  /* of one rule: keys of configuration files are many */
#define POLICY_ALLOW_MAX         256   /* patterns of one list */
#define POLICY_WORDS_MAX         64    /* that are told apart in a value */
#define POLICY_OWNERS_MAX        64    /* of the files of one rule */
#define POLICY_ANONYMOUS_MAX     64    /* programs whose memory is told apart */
#define POLICY_GROUPS_MAX        32    /* bits of a mask */
#define POLICY_DEMAND_MAX        256   /* libraries that a rule names */
#define POLICY_MADE_MAX                                                                            \
	1024 /* patterns, excludes and options, each: as many as a collector has                   \
	      */

/* Zero is "not said", which is different from `none`. */
enum raw_outcome {
	RAW_OUTCOME_UNSAID,
	RAW_OUTCOME_NONE,
	RAW_OUTCOME_WARNING,
	RAW_OUTCOME_CONTRAINDICATED,
};

struct raw_source {
	char *name, *under;
	char **keys, **builders, **build_types, **predicate_types, **parameters;
	uint32_t keys_count, builders_count, build_types_count, predicate_types_count;
	uint32_t parameters_count;
};

struct raw_reference {
	char *name, *file, *source;
};

struct raw_release {
	char *name, *file, *source;
};

struct raw_family {
	char *name;
	struct raw_release *releases;
	uint32_t releases_count;
};

struct raw_window {
	char *family, *from, *to, *until;
};

struct raw_collectors_ca {
	char *name, *file;
};

enum raw_by { RAW_BY_PATH, RAW_BY_CONTENT };

struct raw_anonymous {
	char *program, *bytes, *mappings;
	bool writable;
};

struct raw_exception {
	char *path, *sha256, *until, *why, *owner;
};

/* Rules for executable, libraries and files; each knows only some of the keys. */
struct raw_file_rule {
	char **references;
	uint32_t references_count;
	enum raw_by by;
	bool symlinks;
	enum raw_outcome unknown, changed, missing, deleted, replaced, memfd, anonymous, writable;
	enum raw_outcome unreadable, unstable, world_writable, other_process;
	enum raw_outcome modified_code, restored_code, probed_code, changed_since_start;
	enum raw_outcome setuid, capabilities, owner, writable_by_others, other_program, rights;
	char *path, **demand;
	uint32_t demand_count;
	struct raw_exception *except;
	uint32_t except_count;
	uint32_t *owners;
	uint32_t owners_count;
	struct raw_anonymous *accept_anonymous;
	uint32_t accept_anonymous_count;
	char **patterns, **excludes, **may_change, **may_grow, **options;
	uint32_t patterns_count, excludes_count, may_change_count, may_grow_count, options_count;
};

struct raw_fact {
	char *name, *where, *count, *number, *version, *date;
	char **equals, **require, **allow, **deny;
	uint32_t equals_count, require_count, allow_count, deny_count;
	uint32_t word;
	enum raw_outcome unmatched;
};

struct raw_feed {
	char *name;
	uint32_t max_age_s;
};

struct raw_package_list {
	char *name, *file;
};

struct raw_fact_rule {
	char **lists; /* of packages and web */
	uint32_t lists_count;
	enum raw_outcome unlisted; /* of packages alone */
	char **allow;              /* of image and web */
	uint32_t allow_count;
	enum raw_outcome added, changed, deleted, mounted; /* of image alone */
	/* of web alone */
	enum raw_outcome unknown_script, changed_script, missing_script;
	enum raw_outcome unknown_header, changed_header, missing_header;
	struct raw_fact *facts;
	uint32_t facts_count;
	enum raw_outcome unmatched;
};

struct raw_token {
	char *profile, *audience;
	uint32_t lifetime_s;
};

struct raw_workload {
	struct raw_workload *start; /* the same of what is measured before; has none itself */
	char *summary;              /* of it alone */
	char *match, *group;
	char **collectors;
	uint32_t collectors_count;
	enum component_kind *require, *recorded;
	uint32_t require_count, recorded_count;
	char *review_by;
	struct raw_token *token;
	uint32_t token_count;
	uint32_t max_age_s, signature_every_s, report_every_s, grace_s;
	enum raw_outcome missing, unmeasured, mixed_release, vulnerable, no_feed;
	char **release, **feeds;
	uint32_t release_count, feeds_count;
	bool main_only;
	struct raw_file_rule *executable, *files, *libraries;
	struct raw_fact_rule *config, *host, *image, *packages, *runtime, *web;
};

enum raw_enforce {
	RAW_ENFORCE_UNSAID,
	RAW_ENFORCE_ON,
	RAW_ENFORCE_WARN,
	RAW_ENFORCE_OFF,
};

struct raw_group {
	char *name;
	char **collectors, **workloads;
	uint32_t collectors_count, workloads_count;
	struct raw_fact *facts;
	uint32_t facts_count;
	enum raw_enforce enforce;
};

struct raw_rollout {
	char *from;
};

struct raw_policy {
	char *name, *operators, *review_by;
	struct raw_group *groups;
	uint32_t groups_count;
	struct raw_rollout *rollout;
	struct raw_feed *feeds;
	uint32_t feeds_count;
	struct raw_package_list *package_lists;
	uint32_t package_lists_count;
	struct raw_collectors_ca *collectors_ca;
	uint32_t collectors_ca_count;
	struct raw_source *sources;
	uint32_t sources_count;
	struct raw_reference *references;
	uint32_t references_count;
	struct raw_family *families;
	uint32_t families_count;
	struct raw_window *windows;
	uint32_t windows_count;
	struct raw_workload *workloads;
	uint32_t workloads_count;
};

/* The files as they are written, and what is made of them: struct raw_policy. */
extern const struct layout_form policy_form;

/* What is written there is what a finding yields. */
bool policy_schema_is_outcome(const cyaml_schema_value_t *schema);

#endif

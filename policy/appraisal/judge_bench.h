/*
 * A component of files beside the sets of its rule, and what its judges share. Only policy/
 * includes this.
 *
 * Both are sorted by path, so each set is walked beside the files: one pass, whatever their sizes.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_JUDGE_BENCH_H
#define HALLMARK_POLICY_APPRAISAL_JUDGE_BENCH_H

#include "policy/appraisal/judge.h"

/* Of code in memory; the file itself is an item of its own. */
#define JUDGE_CODE_FLAGS                                                                           \
	((uint32_t)(COMPONENT_FILE_MODIFIED | COMPONENT_FILE_RESTORED | COMPONENT_FILE_PROBED))

/* A reference set that the rule names, and how far its walk has come. */
struct judge_source {
	const struct policy_reference *reference;
	uint64_t bit, family; /* in masks of the rule's references: its own; its family's */
	bool counts;
	const struct revoke *revoked; /* as if no file of it was known; NULL: it is not */
	bool demanded;                /* its paths have to be measured */
	size_t at;                    /* in the set */
	size_t missing;
};

struct judge_bench {
	struct verdict_builder *b;
	const struct policy_rule *whole;
	const struct file_rule *rule;
	const struct component *component;
	uint64_t mixed; /* families of which it is of no one release */
	size_t count;
	struct judge_source source[POLICY_RULE_SETS_MAX];
	const struct exception_rule *exception; /* of the entry */
	uint16_t exceptions; /* bit i: exception[i] is for this kind, and counts */
};

/* A set that counts has this path with this digest. Paths must not fall from call to call. */
bool judge_is_listed(struct judge_bench *t, const struct component_file *f);

/* The same, and its owner and mode are as the set gives them, mode among them. */
bool judge_is_mode_listed(struct judge_bench *t, const struct component_file *f);

/* The content of one file, and who runs it: the last findings of an item. */
void judge_content(struct judge_bench *t, const struct component_file *f);

/* Of which releases code in memory is, if sets list it. */
void judge_releases_of_code(struct judge_bench *t, const struct component_file *f);

/* The program that the rule names is the one of the main process. */
void judge_program(struct judge_bench *t, const struct component_file *f);
void judge_no_program(struct judge_bench *t);

/* `having`: the sets that count and have this file. */
void judge_releases(struct judge_bench *t, const struct component_file *f, uint64_t having);
void judge_append_releases(struct buf *to, const struct policy_rule *rule, uint64_t releases);

/* What is not there: all paths of the demanded sets, for `files`; the libraries that are named. */
void judge_missing_files(struct judge_bench *t);
void judge_missing_libraries(struct judge_bench *t);

/* "of S, ", by which statement it is revoked, "; " and the digest that was found. */
void judge_append_revoked(struct buf *to, const struct judge_source *s, const struct digest *found);

/* "revoked by statement " and its name. */
void judge_append_statement(struct buf *to, const struct revoke *r);

/* The words, then the digest in hex. */
void judge_append_digest(struct buf *to, const char *before, const struct digest *d);

#endif

/*
 * Judging the items of one component by the rule for its kind. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_JUDGE_H
#define HALLMARK_POLICY_APPRAISAL_JUDGE_H

#include "policy/appraisal/verdict.h"
#include "policy/governance/amendments.h"
#include "policy/rules/rule.h"

/* executable, libraries, files */
void judge_files(struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, const struct amendments *amendments, const struct component *c,
    uint64_t now_s);

/* Of a component of files, with a rule or without: what operators have revoked by its digest. */
void judge_revoked(struct verdict_builder *b, const struct amendments *amendments,
    const struct component *c, uint64_t now_s);

/* Words of a finding about who says so; in `to`, empty where it has failed. */
struct view revoked_source_detail(const struct revoke *r, struct buf *to);

/* config, host, image, packages, runtime, web */
void judge_facts(
    struct verdict_builder *b, const struct fact_rule *rule, const struct component *c);

/* Whether all that is demanded of facts holds. */
enum judge_answer {
	JUDGE_FAILS,
	JUDGE_HOLDS,
	JUDGE_UNCLEAR, /* it fails at hidden values alone, of which nobody can tell */
};
enum judge_answer judge_facts_hold(const struct fact_rule *rule, const struct component *c);

/* runtime: which of the policy's groups it may be in, whether a rule looks at it or not */
void judge_groups(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);

/*
 * The group that a workload is in, by the judgement of its component `runtime`, NULL for none;
 * NULL: in none, or it cannot be told.
 */
const struct policy_group *judge_group_of(const struct policy_rule *rule, struct view collector,
    struct view workload, const struct component_verdict *runtime);

/* packages, besides its facts */
void judge_packages(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);

/* web, besides its facts */
void judge_web(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);

/* ", found " and the value, cut; and how many more there are. */
void judge_append_found(struct buf *to, struct view value, size_t more);

/* What the component says that it was made with, where the policy has a word for that. */
void judge_made(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);

/* Whether that has a value of this name. */
bool judge_is_made_with(const struct component *c, struct view name);

/* What the feeds in force know of it, whether a rule judges it or not. */
void judge_vulnerable(struct verdict_builder *b, const struct policy_rule *rule,
    const struct amendments *amendments, const struct component *c, uint64_t now_s);

/* unmeasured: a finding for each kind that lacks, or one for all of them */
void judge_unmeasured(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);

#endif

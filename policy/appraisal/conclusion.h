/*
 * A report's verdict while it is concluded from those about components. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_CONCLUSION_H
#define HALLMARK_POLICY_APPRAISAL_CONCLUSION_H

#include "policy/appraisal/verdict.h"
#include "policy/governance/amendments.h"
#include "policy/rules/rule.h"

/*
 * About the bundle: revoked, its artifact, offline, stale, unsigned, stricter; one for each kind,
 * each family, and each feed.
 */
#define OWN_FINDINGS_MAX (6 + COMPONENT_KIND_COUNT + POLICY_RELEASE_MAX + REPORT_FEEDS_MAX)

/*
 * Bytes that the words of those take but for those of families, which take twice
 * REPORT_SUBJECT_MAX each: only six and those of feeds are not static text, and none is long.
 */
#define OWN_WORDS_MAX (1024 + REPORT_FEEDS_MAX * (REPORT_SUBJECT_MAX + 128))

/* EAR's values of a claim (AR4SI, section 2.3) */
#define CLAIM_GOOD            2 /* recognised, approved */
#define CLAIM_CONTRAINDICATED 96

struct appraise_input;
struct report_rollout;

struct own_finding {
	enum severity severity;
	enum component_kind kind; /* COMPONENT_KIND_COUNT: of the bundle */
	struct report_finding finding;
};

struct conclusion {
	const struct policy_rule *rule;
	const struct amendments *amendments; /* NULL: none */
	const struct appraise_input *in;     /* what it is concluded from, beside the components */
	const struct component_verdict *const *component; /* by kind */
	struct buf *words;
	struct report *out;
	enum report_status status; /* the worst so far */
	bool claimed;              /* a component was judged */
	uint64_t references;       /* that counted: bits of the rule's */
	size_t own_count;
	struct own_finding own[OWN_FINDINGS_MAX];
};

/* A finding of its own: of a kind, or COMPONENT_KIND_COUNT: of the bundle. Worsens the status. */
struct own_finding *conclusion_find(
    struct conclusion *c, enum finding f, enum report_status outcome, enum component_kind kind);

/* Other words than the finding's sentence. */
void conclusion_detail(struct conclusion *c, struct own_finding *own, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Made printable, as long as the conclusion's words; size 0 where these have failed. */
struct view conclusion_printable(struct conclusion *c, struct view text);

/* A claim is as bad as the worst of the components that it speaks for. */
void conclusion_claim(struct conclusion *c, enum component_kind kind, enum report_status outcome);

/* As it was judged: where it has known vulnerabilities alone, the claim says so. */
void conclusion_claim_judged(struct conclusion *c, const struct component_verdict *v);

void conclusion_worsen(struct conclusion *c, enum report_status by);

/* The feeds that the report is held against, and what is not in force or too old of what is wanted.
 */
void conclusion_feeds(struct conclusion *c, uint64_t now_s);

/* Components that are of one release each, and not of the same. */
void conclusion_releases(struct conclusion *c);

/* The policy in force has said this: where it warns, and is worse, that is a finding. */
void conclusion_beside(struct conclusion *c, const struct report_rollout *beside);

/* Fills the report's findings, reference sets and what was accepted. */
void conclusion_gather(struct conclusion *c);

#endif

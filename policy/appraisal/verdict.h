/*
 * The judgement of one component while it is made, and what is kept of it. Only policy/ includes
 * this.
 *
 * Of each outcome at most REPORT_FINDINGS_MAX findings are kept, the first ones: a report shows no
 * more, and the worst come first there. All are counted.
 */
#ifndef HALLMARK_POLICY_APPRAISAL_VERDICT_H
#define HALLMARK_POLICY_APPRAISAL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/appraisal/finding.h"
#include "policy/appraisal/finding_listener.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"
#include "proto/report/report.h"

/*
 * Findings by outcome, in the order in which a report shows them. Known vulnerabilities, of which
 * there may be many, stand behind all others of their outcome.
 */
enum severity {
	SEVERITY_CONTRAINDICATED,
	SEVERITY_CONTRAINDICATED_KNOWN,
	SEVERITY_WARNING,
	SEVERITY_WARNING_KNOWN,
	SEVERITY_NONE,
	SEVERITY_NONE_KNOWN,
	SEVERITY_COUNT,
};

enum severity severity_of(enum finding f, enum report_status outcome);
enum report_status severity_outcome(enum severity s);

struct component_verdict {
	enum component_kind kind;
	bool judged;                /* a rule looked at it */
	enum report_status outcome; /* the worst of the findings; AFFIRMING if there were none */
	bool only_known;            /* none but known vulnerabilities is as bad as that */
	uint64_t total;             /* findings, kept or not */
	uint64_t valid_until_s;
	uint64_t references; /* bit i: reference[i] of the rule counted */
	uint64_t possible;   /* bit i: this may be the release that all of it is of */
	uint16_t exceptions; /* bit i: exception[i] of the rule was needed */
	uint16_t unmeasured; /* bit k: it says that kind k could not be measured */
	uint32_t groups;     /* bit i: its facts are those of group[i]; and of which nobody can */
	uint32_t groups_unclear; /* tell, because they are hidden */
	bool has_program;      /* of an executable: one item alone is no other process's, whole, */
	struct digest program; /* and has this content; of files of an image: this is its digest */
	bool
	    accepted[FINDING_COUNT]; /* there was such a thing, and the policy accepts it by name */
	size_t count[SEVERITY_COUNT];
	const struct report_finding *finding[SEVERITY_COUNT];
	/* private */
	struct report_finding *findings;
	struct buf words;
};

/* Takes findings of one severity while they are made, also those that are not kept. */
struct verdict_listener {
	const struct finding_listener *to;
	enum severity severity;
};

struct verdict_builder {
	enum component_kind kind;
	const struct verdict_listener *listener; /* or NULL */
	bool judged;
	uint64_t valid_until_s;
	uint64_t references, possible; /* of what no rule's file says anything, all is possible */
	uint16_t exceptions, unmeasured;
	uint32_t groups, groups_unclear;
	bool has_program;
	struct digest program;
	bool accepted[FINDING_COUNT];
	uint64_t total;
	size_t count[SEVERITY_COUNT];
	struct verdict_entry {
		enum finding finding;
		enum report_status outcome;
		size_t subject_at, subject_size; /* in `words` */
		size_t detail_at, detail_size;
	} entry[SEVERITY_COUNT][REPORT_FINDINGS_MAX];
	struct verdict_entry beyond; /* one that is heard, and not kept */
	struct buf words;            /* printable subjects and details */
	struct buf detail;           /* of `open`, as it comes */
	struct verdict_entry *open;  /* its detail is still being written */
};

void verdict_begin(
    struct verdict_builder *b, enum component_kind kind, const struct verdict_listener *listener);

/*
 * Adds a finding. NULL if it is only counted, and not heard; otherwise where its detail may be
 * written until the next call, in any bytes: it is made printable and cut then. Without a word of
 * detail the finding's sentence stands.
 */
struct buf *verdict_find(
    struct verdict_builder *b, enum finding f, enum report_status outcome, struct view subject);

/* What would be a finding, but for the policy, which accepts it by name or in a set. */
void verdict_accept(struct verdict_builder *b, enum finding f);

/* Instead of its end, for who wanted to know the findings alone. */
void verdict_drop(struct verdict_builder *b);

/* Moves all into a verdict; the builder is empty afterwards, even on an error. ERR_MEMORY. */
enum err verdict_end(struct verdict_builder *b, struct component_verdict **out) MUST_USE;

#endif

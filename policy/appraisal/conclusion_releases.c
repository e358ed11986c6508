/*
 * All that a workload has of a family has to be of one release. Each component says which it can be
 * of; one that is of several has said so itself, and says nothing more here.
 */
#include "policy/appraisal/conclusion.h"

#include "policy/appraisal/judge_bench.h"
#include "proto/text.h"

static uint64_t possible_of(
    const struct conclusion *c, enum component_kind kind, uint64_t counting);
static void find_mixed(struct conclusion *c, uint64_t counting);
static struct view words_of(struct conclusion *c, uint64_t counting);

void
conclusion_releases(struct conclusion *c)
{
	for (size_t i = 0; i < c->rule->release_count; i++) {
		const uint64_t counting = c->references & c->rule->release[i];
		uint64_t possible = counting;

		for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
			possible &= possible_of(c, (enum component_kind)k, counting);
		if (possible == 0 && counting != 0)
			find_mixed(c, counting);
	}
}

/* All of the family's that count, where it says nothing. */
static uint64_t
possible_of(const struct conclusion *c, enum component_kind kind, uint64_t counting)
{
	const struct component_verdict *v = c->component[kind];

	return v != NULL && v->judged ? v->possible & counting : counting;
}

/* What can be of any of them is not the worse for it. */
static void
find_mixed(struct conclusion *c, uint64_t counting)
{
	const enum report_status outcome = c->rule->mixed_release;
	struct own_finding *own =
	    conclusion_find(c, FINDING_MIXED_RELEASE, outcome, COMPONENT_KIND_COUNT);

	own->finding.subject =
	    conclusion_printable(c, view_of_string(policy_rule_family(c->rule, counting)->name));
	own->finding.detail = words_of(c, counting);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (possible_of(c, (enum component_kind)k, counting) != counting)
			conclusion_claim(c, (enum component_kind)k, outcome);
}

/* Which component can be of what. */
static struct view
words_of(struct conclusion *c, uint64_t counting)
{
	struct buf words = BUF_INIT;
	struct view shown;

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const uint64_t possible = possible_of(c, (enum component_kind)k, counting);

		if (possible == counting)
			continue;
		if (words.size > 0)
			buf_append_string(&words, ", ");
		buf_append_string(&words, component_kind_name((enum component_kind)k));
		buf_append_string(&words, " of ");
		judge_append_releases(&words, c->rule, possible);
	}
	shown = conclusion_printable(c, buf_view(&words));
	c->words->failed = c->words->failed || words.failed;
	buf_free(&words);
	return shown;
}

#include "policy/words/group_clauses.h"

#include "policy/words/clause_writer.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"
#include "proto/text.h"

static void say_group(struct clause_writer *w, size_t index);
static bool may_be_in(const struct policy_group *g, struct view workload);
static void say_patterns(struct buf *to, const char *before, const struct patterns *p);
static void say_facts(struct buf *to, const struct clause_writer *w, const struct fact_rule *r);

void
clauses_of_groups(struct clause_writer *w)
{
	const struct policy *p = w->policy;
	char hex[DIGEST_HEX_SIZE + 1];

	if (p->rolls_out) {
		digest_to_hex(&p->rollout_from, hex);
		buf_append_format(
		    clause_begin(w, "rollout", (struct view){NULL, 0}, "rollout.from"),
		    "against the policy with the manifest %s", hex);
	}
	for (size_t i = 0; i < p->group_count; i++)
		say_group(w, i);
}

void
clauses_of_its_groups(
    const struct policy *p, const struct policy_rule *r, struct view workload, struct clauses *to)
{
	struct clause_writer w = {p, NULL, COMPONENT_KIND_COUNT, to};
	bool sure = false;

	if (p->group_count == 0 || r->is_start)
		return;
	if (r->own_group != NULL) {
		say_group(&w, (size_t)(r->own_group - p->groups));
		return;
	}
	for (size_t i = 0; i < p->group_count && !sure; i++) {
		const struct policy_group *g = &p->groups[i];

		if (!may_be_in(g, bundle_chain_workload(workload)))
			continue;
		say_group(&w, i);
		sure = !g->collectors.said && g->facts == NULL;
	}
	if (!sure)
		buf_append_string(clause_begin(&w, "groups", VIEW_LITERAL("in none"), NULL),
		    "this policy decides");
}

/* Its name leaves it in. */
static bool
may_be_in(const struct policy_group *g, struct view workload)
{
	if (!g->workloads.said)
		return g->by_conditions;
	for (size_t i = 0; i < g->workloads.count; i++)
		if (glob_match(g->workloads.pattern[i], workload, GLOB_TEXT))
			return true;
	return false;
}

/* The first that matches is the one: the place counts. */
static void
say_group(struct clause_writer *w, size_t index)
{
	static const char *const does[] = {
	    [REPORT_ENFORCE_ON] = "this policy decides",
	    [REPORT_ENFORCE_WARN] = "the policy before decides, and this one warns",
	    [REPORT_ENFORCE_OFF] = "the policy before decides",
	};
	const struct policy_group *g = &w->policy->groups[index];
	char key[DRAFT_KEY_MAX];
	struct buf *to;

	(void)snprintf(key, sizeof(key), "groups[%zu]", index);
	to = clause_begin(w, "groups", g->name, key);
	buf_append_format(to, "%s; group %zu", does[g->enforce], index + 1);
	if (!g->by_conditions)
		buf_append_string(to, ", of entries that name it");
	say_patterns(to, ", collectors like ", &g->collectors);
	say_patterns(to, ", workloads like ", &g->workloads);
	if (g->facts != NULL)
		say_facts(to, w, g->facts);
}

static void
say_patterns(struct buf *to, const char *before, const struct patterns *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_append_string(to, i == 0 ? before : " or ");
		clause_quote(to, p->pattern[i]);
	}
}

/* In the words that rules have for them. */
static void
say_facts(struct buf *to, const struct clause_writer *w, const struct fact_rule *r)
{
	struct clauses facts = CLAUSES_INIT;
	struct clause_writer own = *w;

	own.to = &facts;
	clauses_of_facts(&own, r);
	for (size_t i = 0; i < facts.count; i++) {
		buf_append_string(to, ", fact ");
		text_append_printable(to, facts.clause[i].subject, CLAUSE_TEXT_MAX);
		buf_append_string(to, ": ");
		buf_append_view(to, buf_view(&facts.clause[i].says));
	}
	clauses_free(&facts);
}

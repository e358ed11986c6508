/*
 * What of a conclusion a report shows, and in which order.
 */
#include "policy/appraisal/conclusion.h"

static void gather_findings(struct conclusion *c);
static void gather(struct conclusion *c, enum severity s, enum component_kind kind);
static void keep(struct report *out, const struct report_finding *f);
static void gather_references(struct conclusion *c);
static void gather_accepted(struct report *out, const struct component_verdict *v);
static void gather_exceptions(
    const struct policy_rule *rule, const struct component_verdict *v, struct report *out);

void
conclusion_gather(struct conclusion *c)
{
	gather_findings(c);
	gather_references(c);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (c->component[k] != NULL) {
			gather_accepted(c->out, c->component[k]);
			gather_exceptions(c->rule, c->component[k], c->out);
		}
}

/*
 * The worst first, so that the cap never hides them; then what is about the bundle, then the
 * kinds in their order.
 */
static void
gather_findings(struct conclusion *c)
{
	c->out->finding_total = c->own_count;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (c->component[k] != NULL)
			c->out->finding_total += c->component[k]->total;
	for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
		gather(c, (enum severity)s, COMPONENT_KIND_COUNT);
		for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
			gather(c, (enum severity)s, (enum component_kind)k);
	}
}

static void
gather(struct conclusion *c, enum severity s, enum component_kind kind)
{
	const struct component_verdict *v;

	for (size_t i = 0; i < c->own_count; i++)
		if (c->own[i].severity == s && c->own[i].kind == kind)
			keep(c->out, &c->own[i].finding);
	if (kind == COMPONENT_KIND_COUNT || (v = c->component[kind]) == NULL)
		return;
	for (size_t i = 0; i < v->count[s]; i++)
		keep(c->out, &v->finding[s][i]);
}

static void
keep(struct report *out, const struct report_finding *f)
{
	if (out->finding_count < REPORT_FINDINGS_MAX)
		out->finding[out->finding_count++] = *f;
}

static void
gather_references(struct conclusion *c)
{
	for (size_t i = 0; i < c->rule->reference_count; i++)
		if ((c->references & UINT64_C(1) << i) != 0)
			c->out->reference[c->out->reference_count++] =
			    c->rule->reference[i]->digest;
}

/* Those of one kind, by code. Few findings can be accepted: there is room for all. */
static void
gather_accepted(struct report *out, const struct component_verdict *v)
{
	const size_t first = out->accepted_count;

	for (unsigned f = 0; f < FINDING_COUNT && out->accepted_count < REPORT_ACCEPTED_MAX; f++) {
		size_t at = out->accepted_count;

		if (!v->accepted[f])
			continue;
		for (; at > first &&
		       view_compare(out->accepted[at - 1].code, finding_code((enum finding)f)) > 0;
		     at--)
			out->accepted[at] = out->accepted[at - 1];
		out->accepted[at] = (struct report_accepted){
		    view_of_string(component_kind_name(v->kind)), finding_code((enum finding)f)};
		out->accepted_count++;
	}
}

static void
gather_exceptions(
    const struct policy_rule *rule, const struct component_verdict *v, struct report *out)
{
	for (size_t i = 0; i < rule->exception_count; i++) {
		const struct exception_rule *x = &rule->exception[i];

		if ((v->exceptions & 1U << i) != 0)
			out->exception[out->exception_count++] =
			    (struct report_exception){view_of_string(component_kind_name(x->kind)),
				x->subject, x->until_s, x->why};
	}
}

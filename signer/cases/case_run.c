#include "signer/cases/case_run.h"

#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/appraise.h"
#include "policy/appraisal/finding_listener.h"

/* Findings as they come, against those that were expected. */
struct heard {
	const struct policy *policy;
	const struct policy_rule *rule;
	const struct case_entry *c;
	struct coverage *coverage;
	struct case_result *result;
	bool *met; /* of each expected one */
};

static enum err judge(struct heard *h, const struct evidence_components *evidence);
static enum err conclude(
    struct heard *h, const struct evidence_components *evidence, struct appraise_input *in);
static void take(void *context, enum report_status outcome, const struct report_finding *f);
static bool is_expected(const char *expected, const struct report_finding *f);
static enum case_expected of_status(enum report_status s);
static void tell_refusal(const struct policy *p, const struct case_entry *c, struct buf *to);

enum err
case_run(const struct policy *p, const struct case_entry *c,
    const struct evidence_components *evidence, struct coverage *coverage, struct case_result *out)
{
	struct heard h = {.policy = p,
	    .rule = policy_find(p, view_of_string(c->workload), view_of_string(c->collector)),
	    .c = c,
	    .coverage = coverage,
	    .result = out,
	    .met = calloc(c->findings_count + 1, sizeof(bool))};
	enum err e = h.met != NULL ? ERR_OK : ERR_MEMORY;

	*out = (struct case_result){.passed = true, .found = CASE_REFUSED, .words = BUF_INIT};
	if (e == ERR_OK && h.rule != NULL)
		e = judge(&h, evidence);
	if (out->found != c->expect) {
		out->passed = false;
		buf_append_format(&out->words, "expected %s, found %s\n",
		    case_expected_word(c->expect), case_expected_word(out->found));
		if (out->found == CASE_REFUSED)
			tell_refusal(p, c, &out->words);
	}
	for (size_t i = 0; e == ERR_OK && i < c->findings_count; i++) {
		if (h.met[i])
			continue;
		out->passed = false;
		buf_append_format(
		    &out->words, "expected %s, found no such finding\n", c->findings[i]);
	}
	free(h.met);
	return e == ERR_OK ? buf_status(&out->words) : e;
}

/* The policy has no rule for this workload and this collector. */
static void
tell_refusal(const struct policy *p, const struct case_entry *c, struct buf *to)
{
	const struct policy_rule *entry = policy_find_entry(p, view_of_string(c->workload));

	if (entry == NULL)
		buf_append_format(
		    to, "no entry of the policy is for the workload %s\n", c->workload);
	else
		buf_append_format(to, "the entry \"%.*s\" has no pattern for the collector %s\n",
		    view_precision(policy_rule_match(entry)),
		    (const char *)policy_rule_match(entry).data, c->collector);
}

void
case_result_free(struct case_result *r)
{
	buf_free(&r->words);
}

static enum err
judge(struct heard *h, const struct evidence_components *evidence)
{
	struct bundle bundle = {.workload = view_of_string(h->c->workload),
	    .seq = 1,
	    .offline = h->c->offline,
	    .time_ms = (h->c->at_s > h->c->age_s ? h->c->at_s - h->c->age_s : 0) * 1000};
	struct component_verdict *verdict[COMPONENT_KIND_COUNT] = {NULL};
	struct appraise_input in = {.bundle = &bundle,
	    .received_s = h->c->at_s,
	    .signed_now = !h->c->not_signed,
	    .collector = view_of_string(h->c->collector)};
	enum err e = ERR_OK;

	for (unsigned k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
		if (evidence->component[k] == NULL)
			continue;
		bundle.component[k].present = true;
		e = appraise_component(
		    h->rule, NULL, evidence->component[k], in.received_s, &verdict[k]);
		in.component[k] = verdict[k];
	}
	if (e == ERR_OK)
		e = conclude(h, evidence, &in);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		component_verdict_free(&verdict[k]);
	return e;
}

static enum err
conclude(struct heard *h, const struct evidence_components *evidence, struct appraise_input *in)
{
	const struct component *component[COMPONENT_KIND_COUNT];
	const struct finding_listener listener = {take, h};
	struct report *report = calloc(1, sizeof(*report));
	struct buf words = BUF_INIT;
	enum err e = report != NULL ? ERR_OK : ERR_MEMORY;

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		component[k] = evidence->component[k];
	if (e == ERR_OK) {
		appraise_conclude(h->policy, h->rule, in, &words, report);
		h->result->found = of_status(report->status);
		e = buf_status(&words);
	}
	if (e == ERR_OK)
		e = appraise_every_finding(h->rule, in, component, &listener);
	buf_free(&words);
	free(report);
	return e;
}

static void
take(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct heard *h = context;
	bool expected = !h->c->says_findings;

	coverage_add(h->coverage, h->policy, h->rule, f);
	for (size_t i = 0; i < h->c->findings_count; i++)
		if (is_expected(h->c->findings[i], f))
			expected = h->met[i] = true;
	/* What is expected to be bad may be so for any reason, unless the case says which. */
	if (expected && (h->c->says_findings || h->result->found == h->c->expect))
		return;
	if (h->c->says_findings)
		h->result->passed = false;
	buf_append_format(&h->result->words, "found %.*s %.*s%s%.*s (%s): %.*s\n",
	    view_precision(f->kind), (const char *)f->kind.data, view_precision(f->code),
	    (const char *)f->code.data, f->subject.size > 0 ? " " : "", view_precision(f->subject),
	    (const char *)f->subject.data, report_status_name(outcome), view_precision(f->detail),
	    (const char *)f->detail.data);
}

/* Kind and code, and where there is one the subject. */
static bool
is_expected(const char *expected, const struct report_finding *f)
{
	const struct view *const words[] = {&f->kind, &f->code, &f->subject};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (i == 2 && *expected == '\0')
			return true;
		if (strncmp(expected, (const char *)words[i]->data, words[i]->size) != 0)
			return false;
		expected += words[i]->size;
		if (i < 2 && *expected == ' ')
			expected++;
		else if (*expected != '\0')
			return false;
	}
	return true;
}

static enum case_expected
of_status(enum report_status s)
{
	switch (s) {
	case REPORT_AFFIRMING:
		return CASE_AFFIRMING;
	case REPORT_WARNING:
		return CASE_WARNING;
	case REPORT_CONTRAINDICATED:
		return CASE_CONTRAINDICATED;
	case REPORT_NONE:
		break;
	}
	return CASE_NONE;
}

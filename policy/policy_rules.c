#include "policy/policy_rules.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle.h"
#include "proto/evidence/component_items.h"
#include "proto/glob.h"

#define MAX_AGE_DEFAULT_S 300 /* five of a collector's default intervals */
#define MAX_AGE_MOST_S    (366 * 86400)

#define GRACE_DEFAULT_S 60            /* as long as a round of absences takes */
#define SILENCE_MOST_S  (365 * 86400) /* what a bundle can promise at most, too */

/* Where in the file a rule is being put together. */
struct place {
	struct draft *draft;
	size_t index; /* in `workloads` */
	const struct raw_workload *raw;
	struct policy_rule *rule;
	char key[DRAFT_KEY_MAX];
};

static void take_patterns(struct place *p);
static void take_times(struct place *p);
static void take_silence(struct place *p);
static uint32_t take_seconds(struct place *p, const char *key, uint32_t found, uint32_t left_out);
static void take_token(struct place *p);
static void take_kinds(
    struct place *p, const char *name, const enum component_kind *kinds, size_t count, bool *to);
static void take_rules(struct place *p);
static void check_kinds(struct place *p, bool require_said);
static void take_file_rule(
    struct place *p, enum component_kind kind, const struct raw_file_rule *raw);
static void gather_references(struct place *p);
static void take_reference(struct place *p, enum component_kind kind, const char *name);
static uint16_t reference_mask(const struct place *p, const struct raw_file_rule *raw);
static void take_fact_rule(
    struct place *p, enum component_kind kind, const struct raw_fact_rule *raw);
static void imply_namespace(struct fact_pattern *facts, size_t *count);
static const struct raw_file_rule *raw_file_rule(
    const struct raw_workload *w, enum component_kind kind);
static const struct raw_fact_rule *raw_fact_rule(
    const struct raw_workload *w, enum component_kind kind);
static struct view take_pattern(struct place *p, const char *pattern);
static enum report_status outcome(enum raw_outcome raw);
static int reference_compare(const void *a, const void *b);
static int fact_compare(const void *a, const void *b);
static const char *key_of(struct place *p, const char *rest);

void
policy_rules_compile(struct draft *d, size_t index)
{
	struct place p = {.draft = d, .index = index};

	p.raw = &d->raw->workloads[index];
	p.rule = &d->policy->rules[index];
	take_patterns(&p);
	take_times(&p);
	take_silence(&p);
	take_token(&p);
	p.rule->missing = outcome(p.raw->missing);
	p.rule->unmeasured = outcome(p.raw->unmeasured);
	take_kinds(&p, ".require", p.raw->require, p.raw->require_count, p.rule->require);
	take_kinds(&p, ".recorded", p.raw->recorded, p.raw->recorded_count, p.rule->recorded);
	gather_references(&p);
	take_rules(&p);
	check_kinds(&p, yaml_file_line(d->policy->yaml, key_of(&p, ".require")) > 0);
}

static void
take_patterns(struct place *p)
{
	struct view *collectors =
	    draft_memory(p->draft->policy, p->raw->collectors_count, sizeof(*collectors));

	if (p->raw->match != NULL) {
		key_of(p, ".match");
		p->rule->match = take_pattern(p, p->raw->match);
	}
	for (size_t i = 0; i < p->raw->collectors_count; i++) {
		char rest[32];

		snprintf(rest, sizeof(rest), ".collectors[%zu]", i);
		key_of(p, rest);
		collectors[i] = take_pattern(p, p->raw->collectors[i]);
	}
	p->rule->collectors = collectors;
	p->rule->collector_count = p->raw->collectors_count;
}

static void
take_times(struct place *p)
{
	p->rule->max_age_s = MAX_AGE_DEFAULT_S;
	if (yaml_file_has(p->draft->policy->yaml, key_of(p, ".max_age_s")))
		p->rule->max_age_s = p->raw->max_age_s;
	if (p->rule->max_age_s == 0 || p->rule->max_age_s > MAX_AGE_MOST_S)
		draft_fault(p->draft, p->key,
		    "\"%s\" must be 1 to %d seconds, found %u; the default is %d", p->key,
		    MAX_AGE_MOST_S, p->rule->max_age_s, MAX_AGE_DEFAULT_S);
	p->rule->signature_every_s = p->raw->signature_every_s;
}

/* When it counts as silent. */
static void
take_silence(struct place *p)
{
	p->rule->report_every_s = take_seconds(p, ".report_every_s", p->raw->report_every_s, 0);
	p->rule->grace_s = take_seconds(p, ".grace_s", p->raw->grace_s, GRACE_DEFAULT_S);
}

static uint32_t
take_seconds(struct place *p, const char *key, uint32_t found, uint32_t left_out)
{
	if (!yaml_file_has(p->draft->policy->yaml, key_of(p, key)))
		return left_out;
	if (found > SILENCE_MOST_S)
		draft_fault(p->draft, p->key, "\"%s\" must be at most %d seconds, found %u", p->key,
		    SILENCE_MOST_S, found);
	return found;
}

static void
take_token(struct place *p)
{
	if (p->raw->token == NULL)
		return;
	p->rule->token = view_of_string(p->raw->token);
	key_of(p, ".token");
	if (bundle_workload_check(p->rule->token) != ERR_OK)
		draft_fault(p->draft, p->key,
		    "\"%s\" must be the name of a profile, without white space and \"/\" and not "
		    "beginning with \".\"; found \"%s\"",
		    p->key, p->raw->token);
}

static void
take_kinds(
    struct place *p, const char *name, const enum component_kind *kinds, size_t count, bool *to)
{
	for (size_t i = 0; i < count; i++) {
		if (to[kinds[i]])
			draft_fault(p->draft, key_of(p, name), "\"%s\" names \"%s\" twice", p->key,
			    component_kind_name(kinds[i]));
		to[kinds[i]] = true;
	}
}

static void
take_rules(struct place *p)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const enum component_kind kind = (enum component_kind)k;
		const struct raw_file_rule *files = raw_file_rule(p->raw, kind);
		const struct raw_fact_rule *facts = raw_fact_rule(p->raw, kind);

		if (files != NULL)
			take_file_rule(p, kind, files);
		if (facts != NULL)
			take_fact_rule(p, kind, facts);
	}
}

/* What a bundle should hold, and what is done with it, must fit together. */
static void
check_kinds(struct place *p, bool require_said)
{
	bool any = false;

	/* The key `unmeasured` is an outcome: that kind has no rule. */
	for (unsigned k = 0; k < COMPONENT_UNMEASURED; k++) {
		const char *name = component_kind_name((enum component_kind)k);
		char rest[32];
		bool rule;

		snprintf(rest, sizeof(rest), ".%s", name);
		/* A rule that was faulty is there all the same. */
		rule = yaml_file_line(p->draft->policy->yaml, key_of(p, rest)) > 0;
		any = any || rule;
		if (rule && p->rule->recorded[k])
			draft_fault(p->draft, key_of(p, ".recorded"),
			    "\"%s\" names \"%s\", and there is a rule for it: take one of them out",
			    p->key, name);
		if (p->rule->require[k] && !rule && !p->rule->recorded[k])
			draft_fault(p->draft, key_of(p, ".require"),
			    "\"%s\" names \"%s\", but no rule looks at it: add one, or list it "
			    "under "
			    "\"recorded\"",
			    p->key, name);
		if (!require_said && rule)
			p->rule->require[k] = true;
	}
	if (!any)
		draft_fault(p->draft, key_of(p, ""),
		    "\"%s\" checks nothing: add a rule such as \"executable\"", p->key);
}

static void
take_file_rule(struct place *p, enum component_kind kind, const struct raw_file_rule *raw)
{
	struct file_rule *r = draft_memory(p->draft->policy, 1, sizeof(*r));

	*r = (struct file_rule){
	    .references = reference_mask(p, raw),
	    .symlinks = raw->symlinks,
	    .complete = kind == COMPONENT_FILES,
	    .unknown = outcome(raw->unknown),
	    .changed = outcome(raw->changed),
	    .missing = outcome(raw->missing),
	    .deleted = outcome(raw->deleted),
	    .replaced = outcome(raw->replaced),
	    .memfd = outcome(raw->memfd),
	    .anonymous = outcome(raw->anonymous),
	    .writable = outcome(raw->writable),
	    .unreadable = outcome(raw->unreadable),
	    .unstable = outcome(raw->unstable),
	    .world_writable = outcome(raw->world_writable),
	    .other_process = outcome(raw->other_process),
	};
	p->rule->files[kind] = r;
}

/* All references of all rules of this entry, each once, by name. */
static void
gather_references(struct place *p)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct raw_file_rule *raw = raw_file_rule(p->raw, (enum component_kind)k);

		for (size_t i = 0; raw != NULL && i < raw->references_count; i++) {
			for (size_t j = 0; j < i; j++)
				if (strcmp(raw->references[i], raw->references[j]) == 0)
					draft_fault(p->draft, key_of(p, ""),
					    "\"%s\" names reference \"%s\" twice in one rule",
					    p->key, raw->references[i]);
			take_reference(p, (enum component_kind)k, raw->references[i]);
		}
	}
	qsort(p->rule->reference, p->rule->reference_count, sizeof(p->rule->reference[0]),
	    reference_compare);
}

static void
take_reference(struct place *p, enum component_kind kind, const char *name)
{
	const struct policy *policy = p->draft->policy;
	const struct policy_reference *found = NULL;
	char rest[32];

	for (size_t i = 0; i < policy->reference_count && found == NULL; i++)
		if (policy->references[i].name != NULL &&
		    strcmp(policy->references[i].name, name) == 0)
			found = &policy->references[i];
	snprintf(rest, sizeof(rest), ".%s.references", component_kind_name(kind));
	key_of(p, rest);
	if (found == NULL) {
		draft_fault(p->draft, p->key,
		    "\"%s\" names \"%s\", which is not listed under \"references\" at the top",
		    p->key, name);
		return;
	}
	for (size_t i = 0; i < p->rule->reference_count; i++)
		if (p->rule->reference[i] == found)
			return;
	if (p->rule->reference_count == REPORT_REFERENCES_MAX) {
		draft_fault(p->draft, p->key,
		    "\"%s\": all rules of an entry together may use %d references, and \"%s\" is "
		    "one more: join some of the files",
		    p->key, REPORT_REFERENCES_MAX, name);
		return;
	}
	p->rule->reference[p->rule->reference_count++] = found;
}

static uint16_t
reference_mask(const struct place *p, const struct raw_file_rule *raw)
{
	uint16_t mask = 0;

	for (size_t i = 0; i < raw->references_count; i++)
		for (size_t j = 0; j < p->rule->reference_count; j++)
			if (strcmp(raw->references[i], p->rule->reference[j]->name) == 0)
				mask = (uint16_t)(mask | 1U << j);
	return mask;
}

static void
take_fact_rule(struct place *p, enum component_kind kind, const struct raw_fact_rule *raw)
{
	struct fact_rule *r = draft_memory(p->draft->policy, 1, sizeof(*r));
	struct fact_pattern *facts =
	    draft_memory(p->draft->policy, raw->facts_count + 1, sizeof(*facts));
	char rest[64];

	for (size_t i = 0; i < raw->facts_count; i++) {
		const struct raw_fact *from = &raw->facts[i];
		struct view *allow =
		    draft_memory(p->draft->policy, from->allow_count, sizeof(*allow));

		snprintf(rest, sizeof(rest), ".%s.facts[%zu]", component_kind_name(kind), i);
		key_of(p, rest);
		for (size_t j = 0; j < from->allow_count; j++)
			allow[j] = take_pattern(p, from->allow[j]);
		if (from->name != NULL) {
			facts[i].name = view_of_string(from->name);
			if (component_fact_name_check(facts[i].name) != ERR_OK)
				draft_fault(p->draft, p->key,
				    "\"%s\": a fact's name is printable ASCII without space, found "
				    "\"%s\"",
				    p->key, from->name);
			for (size_t j = 0; j < i; j++)
				if (facts[j].name.size > 0 &&
				    view_equal(facts[i].name, facts[j].name))
					draft_fault(p->draft, p->key,
					    "\"%s\" names \"%s\" again; join the patterns", p->key,
					    from->name);
		}
		facts[i].allow = allow;
		facts[i].allow_count = from->allow_count;
	}
	r->facts = facts;
	r->fact_count = raw->facts_count;
	if (kind == COMPONENT_RUNTIME)
		imply_namespace(facts, &r->fact_count);
	qsort(facts, r->fact_count, sizeof(*facts), fact_compare);
	r->unmatched = outcome(raw->unmatched);
	p->rule->facts[kind] = r;
}

/*
 * What a process in a mount namespace of any user's making sees is what that user wants: accepted
 * only by name.
 */
static void
imply_namespace(struct fact_pattern *facts, size_t *count)
{
	static const struct view trusted[] = {VIEW_LITERAL("host"), VIEW_LITERAL("own")};
	const struct view name = VIEW_LITERAL("namespace_mount");

	for (size_t i = 0; i < *count; i++)
		if (facts[i].name.size > 0 && view_equal(facts[i].name, name))
			return;
	facts[(*count)++] = (struct fact_pattern){
	    .name = name, .allow = trusted, .allow_count = 2, .implied = true};
}

static const struct raw_file_rule *
raw_file_rule(const struct raw_workload *w, enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_EXECUTABLE:
		return w->executable;
	case COMPONENT_FILES:
		return w->files;
	case COMPONENT_LIBRARIES:
		return w->libraries;
	default:
		return NULL;
	}
}

static const struct raw_fact_rule *
raw_fact_rule(const struct raw_workload *w, enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_CONFIG:
		return w->config;
	case COMPONENT_HOST:
		return w->host;
	case COMPONENT_PACKAGES:
		return w->packages;
	case COMPONENT_RUNTIME:
		return w->runtime;
	default:
		return NULL;
	}
}

/* At the place's key. */
static struct view
take_pattern(struct place *p, const char *pattern)
{
	const struct view v = view_of_string(pattern);

	if (glob_check(v) != ERR_OK)
		draft_fault(p->draft, p->key,
		    "\"%s\": in \"%s\" a backslash must stand before \"*\", \"?\" or another "
		    "backslash",
		    p->key, pattern);
	return v;
}

/* Fail closed: whatever is not said is contraindicated. */
static enum report_status
outcome(enum raw_outcome raw)
{
	switch (raw) {
	case RAW_OUTCOME_NONE:
		return REPORT_NONE;
	case RAW_OUTCOME_WARNING:
		return REPORT_WARNING;
	case RAW_OUTCOME_CONTRAINDICATED:
	case RAW_OUTCOME_UNSAID:
		break;
	}
	return REPORT_CONTRAINDICATED;
}

static int
reference_compare(const void *a, const void *b)
{
	const struct policy_reference *x = *(const struct policy_reference *const *)a;
	const struct policy_reference *y = *(const struct policy_reference *const *)b;

	return strcmp(x->name, y->name);
}

static int
fact_compare(const void *a, const void *b)
{
	const struct fact_pattern *x = a, *y = b;

	return view_compare(x->name, y->name);
}

static const char *
key_of(struct place *p, const char *rest)
{
	snprintf(p->key, sizeof(p->key), "workloads[%zu]%s", p->index, rest);
	return p->key;
}

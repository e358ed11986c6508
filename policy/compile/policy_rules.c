#include "policy/compile/policy_rules.h"

#include <stdio.h>

#include "policy/compile/policy_accept.h"
#include "policy/compile/policy_except.h"
#include "policy/compile/policy_facts.h"
#include "policy/compile/policy_feeds.h"
#include "policy/compile/policy_groups.h"
#include "policy/compile/policy_named.h"
#include "policy/compile/policy_sets.h"
#include "policy/compile/policy_tokens.h"
#include "proto/evidence/bundle.h"

#define MAX_AGE_DEFAULT_S 300 /* five of a collector's default intervals */
#define MAX_AGE_MOST_S    (366 * 86400)

#define GRACE_DEFAULT_S 60            /* as long as a round of absences takes */
#define SILENCE_MOST_S  (365 * 86400) /* what a bundle can promise at most, too */

/* Where in the file a rule is being put together. */
struct place {
	struct draft *draft;
	const struct draft_entry *entry;
	const struct raw_workload *raw;
	struct policy_rule *rule;
	char key[DRAFT_KEY_MAX];
};

static void compile(struct draft *d, const struct draft_entry *entry);
static void take_patterns(struct place *p);
static void take_times(struct place *p);
static void take_silence(struct place *p);
static uint32_t take_seconds(struct place *p, const char *key, uint32_t found, uint32_t left_out);
static void take_kinds(
    struct place *p, const char *name, const enum component_kind *kinds, size_t count, bool *to);
static void take_rules(struct place *p);
static void check_kinds(struct place *p, bool require_said);
static bool is_of_processes(unsigned kind);
static void take_file_rule(
    struct place *p, enum component_kind kind, const struct raw_file_rule *raw);
static void take_owners(struct place *p, const struct raw_file_rule *raw, struct file_rule *r);
static const struct raw_fact_rule *raw_fact_rule(
    const struct raw_workload *w, enum component_kind kind);
static enum report_status outcome_of_trace(enum raw_outcome raw);
static const char *key_of(struct place *p, const char *rest);

void
policy_rules_compile(struct draft *d, size_t index)
{
	const struct draft_entry entry = {
	    index, false, &d->raw->workloads[index], &d->policy->rules[index]};

	compile(d, &entry);
}

void
policy_rules_compile_start(struct draft *d, size_t index, struct policy_rule *to)
{
	const struct draft_entry entry = {index, true, d->raw->workloads[index].start, to};
	struct policy_rule *of = &d->policy->rules[index];

	to->is_start = true;
	to->match = of->match;
	to->collectors = of->collectors;
	to->collector_count = of->collector_count;
	to->vulnerable = of->vulnerable;
	to->no_feed = of->no_feed;
	to->feeds = of->feeds;
	to->feed_count = of->feed_count;
	compile(d, &entry);
	to->own_group = of->own_group;
	of->start = to;
}

static void
compile(struct draft *d, const struct draft_entry *entry)
{
	struct place p = {.draft = d, .entry = entry, .raw = entry->raw, .rule = entry->rule};

	take_times(&p);
	if (!entry->is_start) {
		take_patterns(&p);
		take_silence(&p);
		policy_tokens_compile(d, entry->index);
		policy_feeds_of_entry(d, entry->index);
	} else {
		policy_tokens_compile_summary(d, entry);
	}
	policy_groups_take(d, key_of(&p, ".group"), p.raw->group, p.rule);
	p.rule->review_by_s = draft_date(d, key_of(&p, ".review_by"), p.raw->review_by);
	p.rule->missing = draft_outcome(p.raw->missing);
	p.rule->unmeasured = draft_outcome(p.raw->unmeasured);
	p.rule->mixed_release = draft_outcome(p.raw->mixed_release);
	p.rule->main_only = p.raw->main_only;
	take_kinds(&p, ".require", p.raw->require, p.raw->require_count, p.rule->require);
	take_kinds(&p, ".recorded", p.raw->recorded, p.raw->recorded_count, p.rule->recorded);
	policy_sets_compile(d, entry);
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
		p->rule->match = draft_pattern(p->draft, p->key, p->raw->match);
	}
	for (size_t i = 0; i < p->raw->collectors_count; i++) {
		char rest[32];

		snprintf(rest, sizeof(rest), ".collectors[%zu]", i);
		key_of(p, rest);
		collectors[i] = draft_pattern(p->draft, p->key, p->raw->collectors[i]);
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
		const struct raw_file_rule *files = draft_file_rule(p->raw, kind);
		const struct raw_fact_rule *facts = raw_fact_rule(p->raw, kind);
		char rest[32];

		if (files != NULL)
			take_file_rule(p, kind, files);
		if (facts != NULL) {
			snprintf(rest, sizeof(rest), ".%s", component_kind_name(kind));
			p->rule->facts[kind] =
			    policy_facts_compile(p->draft, key_of(p, rest), kind, facts);
		}
	}
}

/* What a bundle should hold, and what is done with it, must fit together. */
static void
check_kinds(struct place *p, bool require_said)
{
	bool any = false;

	/* The key `unmeasured` is an outcome: that kind has no rule. */
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const char *name = component_kind_name((enum component_kind)k);
		char rest[32];
		bool rule;

		if (k == COMPONENT_UNMEASURED)
			continue;
		snprintf(rest, sizeof(rest), ".%s", name);
		/* A rule that was faulty is there all the same. */
		rule = yaml_file_line(p->draft->policy->yaml, key_of(p, rest)) > 0;
		any = any || rule;
		if (rule && p->rule->recorded[k])
			draft_fault(p->draft, key_of(p, ".recorded"),
			    "\"%s\" names \"%s\", and there is a rule for it: take one of them out",
			    p->key, name);
		if (p->rule->require[k] && p->entry->is_start && is_of_processes(k)) {
			draft_fault(p->draft, key_of(p, ".require"),
			    "\"%s\" names \"%s\", which is of processes, and before a start there "
			    "is none: no gate measures it; take it out",
			    p->key, name);
			continue;
		}
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

static bool
is_of_processes(unsigned kind)
{
	return kind == COMPONENT_RUNTIME || kind == COMPONENT_IMAGE;
}

static void
take_file_rule(struct place *p, enum component_kind kind, const struct raw_file_rule *raw)
{
	struct file_rule *r = draft_memory(p->draft->policy, 1, sizeof(*r));
	char rest[32];

	*r = (struct file_rule){
	    .references = policy_sets_named(p->rule, raw->references, raw->references_count),
	    .by_content = raw->by == RAW_BY_CONTENT,
	    .symlinks = raw->symlinks,
	    .complete = kind == COMPONENT_FILES,
	    .unknown = draft_outcome(raw->unknown),
	    .changed = draft_outcome(raw->changed),
	    .missing = draft_outcome(raw->missing),
	    .deleted = draft_outcome(raw->deleted),
	    .replaced = draft_outcome(raw->replaced),
	    .memfd = draft_outcome(raw->memfd),
	    .anonymous = draft_outcome(raw->anonymous),
	    .writable = draft_outcome(raw->writable),
	    .unreadable = draft_outcome(raw->unreadable),
	    .unstable = draft_outcome(raw->unstable),
	    .world_writable = draft_outcome(raw->world_writable),
	    .other_process = draft_outcome(raw->other_process),
	    .modified_code = draft_outcome(raw->modified_code),
	    .restored_code = outcome_of_trace(raw->restored_code),
	    .probed_code = draft_outcome(raw->probed_code),
	    .changed_since_start = outcome_of_trace(raw->changed_since_start),
	    .setuid = draft_outcome(raw->setuid),
	    .capabilities = draft_outcome(raw->capabilities),
	    .owner = draft_outcome(raw->owner),
	    .rights = draft_outcome(raw->rights),
	    .writable_by_others = draft_outcome(raw->writable_by_others),
	    .other_program = draft_outcome(raw->other_program),
	};
	if (kind == COMPONENT_FILES)
		take_owners(p, raw, r);
	snprintf(rest, sizeof(rest), ".%s", component_kind_name(kind));
	policy_accept_compile(p->draft, key_of(p, rest), raw, r);
	policy_named_compile(p->draft, p->key, raw, r);
	policy_except_compile(p->draft, p->key, kind, raw, p->rule);
	for (size_t i = 0; r->by_content && i < p->rule->reference_count; i++)
		if ((r->references & UINT64_C(1) << i) != 0 && p->rule->reference[i]->set != NULL)
			reference_sort_contents(p->rule->reference[i]->set);
	p->rule->files[kind] = r;
}

/* Root alone, if nothing is said. */
static void
take_owners(struct place *p, const struct raw_file_rule *raw, struct file_rule *r)
{
	const size_t count = raw->owners_count > 0 ? raw->owners_count : 1;
	uint32_t *owners = draft_memory(p->draft->policy, count, sizeof(*owners));

	owners[0] = 0;
	for (size_t i = 0; i < raw->owners_count; i++)
		owners[i] = raw->owners[i];
	r->owners = owners;
	r->owner_count = count;
}

static const struct raw_fact_rule *
raw_fact_rule(const struct raw_workload *w, enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_CONFIG:
		return w->config;
	case COMPONENT_HOST:
		return w->host;
	case COMPONENT_IMAGE:
		return w->image;
	case COMPONENT_PACKAGES:
		return w->packages;
	case COMPONENT_RUNTIME:
		return w->runtime;
	case COMPONENT_WEB:
		return w->web;
	default:
		return NULL;
	}
}

/* Of what is as it should be now, and perhaps was not: it is never affirming by itself. */
static enum report_status
outcome_of_trace(enum raw_outcome raw)
{
	return raw == RAW_OUTCOME_UNSAID ? REPORT_WARNING : draft_outcome(raw);
}

static const char *
key_of(struct place *p, const char *rest)
{
	return draft_entry_key(p->entry, rest, p->key);
}

#include "policy/advice/policy_advice.h"

#include <stdio.h>

#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "policy/words/outcome_keys.h"
#include "proto/utc.h"

static void advise_review(const struct advising *a, const char *key, uint64_t by_s);
static void advise_blocks(const struct advising *a);
static void advise_softened(const struct advising *a);
static void advise_entry(const struct advising *a, size_t entry);
static void advise_nothing(const struct advising *a, const struct policy_rule *r, size_t entry);
static bool says_nothing_of_files(enum component_kind kind, const struct file_rule *r);
static bool says_nothing_of_facts(enum component_kind kind, const struct fact_rule *r);
static bool takes_all(const struct policy_rule *r);

void
policy_advise(const struct policy *p, uint64_t now_s, struct advices *to)
{
	const struct advising a = {p, now_s, to};

	advise_review(&a, "review_by", p->review_by_s);
	advise_references(&a);
	advise_lists(&a);
	advise_blocks(&a);
	advise_groups(&a);
	advise_softened(&a);
	for (size_t i = 0; i < p->rule_count; i++) {
		advise_entry(&a, i);
		advise_files(&a, i);
		advise_facts(&a, i);
	}
	advices_sort(to);
}

static void
advise_review(const struct advising *a, const char *key, uint64_t by_s)
{
	char time[UTC_TEXT_SIZE];

	if (by_s == 0 || a->now_s < by_s)
		return;
	advise(a, key, "somebody was to look through this by %s", utc_text(by_s, time));
	advices_mend(
	    a->to, "look whether all of it still is as it should be, and give the next date");
}

/* Whoever wrote one believes that it holds somewhere. */
static void
advise_blocks(const struct advising *a)
{
	for (size_t i = 0; i < layout_unused_count(a->policy->layout); i++) {
		const struct layout_unused one = layout_unused_at(a->policy->layout, i);

		advices_add(a->to, one.spot.file, one.spot.line,
		    "no workload uses the block \"%s\": nothing of it is demanded", one.name);
		advices_mend(a->to, "name it in the \"use\" of a workload, or take it out");
	}
}

/* What stands later counts, and whoever wrote the one may not have seen the other. */
static void
advise_softened(const struct advising *a)
{
	for (size_t i = 0; i < layout_softened_count(a->policy->layout); i++) {
		const struct layout_softened s = layout_softened_at(a->policy->layout, i);

		switch (s.what) {
		case SOFTENED_OUTCOME:
			advices_add(a->to, s.spot.file, s.spot.line,
			    "\"%s: %s\" is milder than what a block before it says in %s:%u, and "
			    "takes "
			    "its place",
			    s.key, s.value, s.before.file, s.before.line);
			advices_mend(a->to, "take out the one that is not meant");
			break;
		case SOFTENED_FACTS:
			advices_add(a->to, s.spot.file, s.spot.line,
			    "\"%s: %s\" is for the facts of %s:%u, too, which are demanded more "
			    "strictly without it",
			    s.key, s.value, s.before.file, s.before.line);
			advices_mend(
			    a->to, "put it into the braces of each fact that it is meant for");
			break;
		case SOFTENED_USE:
			advices_add(a->to, s.spot.file, s.spot.line,
			    "an empty \"use\" leaves out the blocks of the defaults, %s:%u: "
			    "nothing of "
			    "them is demanded here",
			    s.before.file, s.before.line);
			advices_mend(a->to, "name those that are to hold, or leave out \"use\"");
			break;
		}
	}
}

/* What its rules leave out. */
static void
advise_entry(const struct advising *a, size_t entry)
{
	const struct policy_rule *r = &a->policy->rules[entry];
	char key[DRAFT_KEY_MAX];

	(void)snprintf(key, sizeof(key), "workloads[%zu].review_by", entry);
	advise_review(a, key, r->review_by_s);
	(void)snprintf(key, sizeof(key), "workloads[%zu].match", entry);
	if (r->files[COMPONENT_EXECUTABLE] == NULL && r->files[COMPONENT_LIBRARIES] == NULL) {
		advise(a, key,
		    "no rule of this entry looks at what program runs: any is affirming whose "
		    "other measurements are as they must be");
		advices_mend(a->to, "add rules for \"executable\" and \"libraries\"");
	} else if (r->files[COMPONENT_EXECUTABLE] == NULL ||
		   r->files[COMPONENT_LIBRARIES] == NULL) {
		const bool executable = r->files[COMPONENT_EXECUTABLE] != NULL;

		advise(a, key, "a rule looks at the %s, and none at the %s",
		    executable ? "executable" : "libraries",
		    executable ? "libraries that it loads" : "executable that loads them");
		advices_mend(
		    a->to, "add a rule for \"%s\"", executable ? "libraries" : "executable");
	}
	advise_nothing(a, r, entry);
	if (takes_all(r)) {
		advise(a, key,
		    "this entry is always affirming: none of its demands refuses any value");
		advices_mend(a->to, "demand values, or list under \"recorded\" what is only to be "
				    "kept");
	}
}

/* A rule whose findings say nothing, whatever is found. */
static void
advise_nothing(const struct advising *a, const struct policy_rule *r, size_t entry)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const enum component_kind kind = (enum component_kind)k;
		char key[DRAFT_KEY_MAX];

		if ((r->files[k] == NULL || !says_nothing_of_files(kind, r->files[k])) &&
		    (r->facts[k] == NULL ||
			!says_nothing_of_facts((enum component_kind)k, r->facts[k])))
			continue;
		(void)snprintf(
		    key, sizeof(key), "workloads[%zu].%s", entry, component_kind_name(kind));
		advise(a, key,
		    "every outcome of \"%s\" is none: whatever is found, the report makes no "
		    "statement about it",
		    component_kind_name(kind));
		advices_mend(a->to,
		    "say \"warning\" where somebody is to look, or list it under \"recorded\"");
	}
}

static bool
says_nothing_of_files(enum component_kind kind, const struct file_rule *r)
{
	const struct outcome_key *k;

	for (size_t i = 0; (k = outcome_key_at(i)) != NULL; i++)
		if ((k->kinds & 1U << kind) != 0 && outcome_key_value(k, r) != REPORT_NONE)
			return false;
	return true;
}

static bool
says_nothing_of_facts(enum component_kind kind, const struct fact_rule *r)
{
	bool nothing = r->list_count == 0 || kind == COMPONENT_WEB || r->unlisted == REPORT_NONE;

	for (size_t i = 0; kind == COMPONENT_WEB && r->list_count > 0 && i < WEB_DIFFERENCES; i++)
		nothing = nothing && r->web[i] == REPORT_NONE;
	for (size_t i = 0; i < r->fact_count; i++)
		nothing = nothing && r->facts[i].unmatched == REPORT_NONE;
	return nothing;
}

/* A set never takes everything. What is implied is not what its author has demanded. */
static bool
takes_all(const struct policy_rule *r)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct fact_rule *facts = r->facts[k];

		if (r->files[k] != NULL)
			return false;
		if (facts != NULL && facts->list_count > 0)
			return false;
		for (size_t i = 0; facts != NULL && i < facts->fact_count; i++)
			if (!facts->facts[i].implied && !advise_takes_all(&facts->facts[i]))
				return false;
	}
	return true;
}

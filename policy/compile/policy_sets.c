#include "policy/compile/policy_sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in the file sets are being gathered. */
struct gathering {
	struct draft *draft;
	const struct draft_entry *entry;
	const struct raw_workload *raw;
	struct policy_rule *rule;
	size_t at_once; /* how many of the sets count at one time, at most */
	const struct policy_reference *reference[POLICY_RULE_SETS_MAX]; /* the rule's, so far */
	char key[DRAFT_KEY_MAX];
};

static void gather(struct gathering *g, enum component_kind kind);
static void take_name(struct gathering *g, const char *name);
static void fault_unlisted(struct gathering *g, const char *name);
static void fault_no_family(struct gathering *g, const char *name);
static void take_set(struct gathering *g, const char *name, const struct policy_reference *r);
static void keep_sets(struct gathering *g);
static void take_families(struct gathering *g);
static void take_releases(struct gathering *g);
static const char *called(const struct policy_reference *r);
static bool is_called(const struct policy_reference *r, const char *name);
static int reference_compare(const void *a, const void *b);

void
policy_sets_compile(struct draft *d, const struct draft_entry *entry)
{
	struct gathering g = {.draft = d, .entry = entry, .raw = entry->raw, .rule = entry->rule};

	g.rule->reference = g.reference;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		gather(&g, (enum component_kind)k);
	qsort(g.reference, g.rule->reference_count, sizeof(g.reference[0]), reference_compare);
	keep_sets(&g);
	take_families(&g);
	take_releases(&g);
}

uint64_t
policy_sets_named(const struct policy_rule *rule, char *const *names, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rule->reference_count; j++)
			if (is_called(rule->reference[j], names[i]))
				bits |= UINT64_C(1) << j;
	return bits;
}

static void
gather(struct gathering *g, enum component_kind kind)
{
	const struct raw_file_rule *raw = draft_file_rule(g->raw, kind);
	char rest[48];

	for (size_t i = 0; raw != NULL && i < raw->references_count; i++) {
		draft_entry_key(g->entry, "", g->key);
		for (size_t j = 0; j < i; j++)
			if (strcmp(raw->references[i], raw->references[j]) == 0)
				draft_fault(g->draft, g->key,
				    "\"%s\" names reference \"%s\" twice in one rule", g->key,
				    raw->references[i]);
		snprintf(rest, sizeof(rest), ".%s.references", component_kind_name(kind));
		draft_entry_key(g->entry, rest, g->key);
		take_name(g, raw->references[i]);
	}
}

/* Of a reference or a family. */
static void
take_name(struct gathering *g, const char *name)
{
	const struct policy *p = g->draft->policy;
	const struct policy_reference *found = NULL;

	for (size_t i = 0; i < g->rule->reference_count; i++)
		if (is_called(g->rule->reference[i], name))
			return;
	/* Those of a family stand together. */
	for (size_t i = 0; i < p->reference_count; i++)
		if (is_called(&p->references[i], name)) {
			found = &p->references[i];
			take_set(g, name, found);
		} else if (found != NULL) {
			break;
		}
	if (found == NULL) {
		fault_unlisted(g, name);
		return;
	}
	g->at_once += found->family == NULL ? 1 : releases_at_once(found->family);
	if (g->at_once > REPORT_REFERENCES_MAX)
		draft_fault(g->draft, g->key,
		    "\"%s\": all rules of an entry together may use %d references at one time, and "
		    "\"%s\" is one more: join some of the files",
		    g->key, REPORT_REFERENCES_MAX, name);
}

static void
fault_unlisted(struct gathering *g, const char *name)
{
	const struct policy *p = g->draft->policy;
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	draft_guess_begin(g->draft, &nearest, name);
	for (size_t i = 0; i < p->reference_count; i++)
		draft_guess_offer(&nearest, called(&p->references[i]));
	draft_fault(g->draft, g->key,
	    "\"%s\" names \"%s\", which is not listed under \"references\" or \"families\" at the "
	    "top%s",
	    g->key, name, nearest_question(&nearest, question));
}

static void
fault_no_family(struct gathering *g, const char *name)
{
	const struct policy_rule *rule = g->rule;
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	draft_guess_begin(g->draft, &nearest, name);
	for (size_t i = 0; i < rule->reference_count; i++)
		if (rule->reference[i]->family != NULL)
			draft_guess_offer(&nearest, called(rule->reference[i]));
	draft_fault(g->draft, g->key,
	    "\"%s\" names \"%s\", which is no family that a rule of this entry uses%s", g->key,
	    name, nearest_question(&nearest, question));
}

static void
take_set(struct gathering *g, const char *name, const struct policy_reference *r)
{
	struct policy_rule *rule = g->rule;

	if (rule->reference_count < POLICY_RULE_SETS_MAX)
		rule->reference[rule->reference_count++] = r;
	else if (r->family == NULL || r->release + 1 == r->family->release_count)
		draft_fault(g->draft, g->key,
		    "\"%s\": all rules of an entry together may use %d sets, and those of \"%s\" "
		    "are more: take the oldest releases out",
		    g->key, POLICY_RULE_SETS_MAX, name);
}

/* With the policy, and no more than they are: there may be 10,000 entries. */
static void
keep_sets(struct gathering *g)
{
	struct policy_rule *rule = g->rule;

	rule->reference =
	    draft_memory(g->draft->policy, rule->reference_count, sizeof(g->reference[0]));
	memcpy(rule->reference, g->reference, rule->reference_count * sizeof(g->reference[0]));
}

/* A rule names families as a whole. */
static void
take_families(struct gathering *g)
{
	struct policy_rule *rule = g->rule;

	rule->family =
	    draft_memory(g->draft->policy, rule->reference_count, sizeof(rule->family[0]));
	for (size_t i = 0; i < rule->reference_count; i++)
		for (size_t j = 0; j < rule->reference_count; j++)
			if (i == j || (rule->reference[i]->family != NULL &&
					  rule->reference[i]->family == rule->reference[j]->family))
				rule->family[i] |= UINT64_C(1) << j;
}

static void
take_releases(struct gathering *g)
{
	struct policy_rule *rule = g->rule;

	rule->release =
	    draft_memory(g->draft->policy, g->raw->release_count, sizeof(rule->release[0]));
	for (size_t i = 0; i < g->raw->release_count; i++) {
		const char *name = g->raw->release[i];
		uint64_t bits = 0;
		bool twice = false;
		char rest[32];

		for (size_t j = 0; j < rule->reference_count; j++)
			if (rule->reference[j]->family != NULL &&
			    is_called(rule->reference[j], name))
				bits |= UINT64_C(1) << j;
		for (size_t j = 0; j < i; j++)
			twice = twice || strcmp(g->raw->release[j], name) == 0;
		snprintf(rest, sizeof(rest), ".release[%zu]", i);
		draft_entry_key(g->entry, rest, g->key);
		if (bits == 0)
			fault_no_family(g, name);
		if (twice)
			draft_fault(g->draft, g->key, "\"%s\" names \"%s\" again", g->key, name);
		rule->release[rule->release_count++] = bits;
	}
}

/* In rules; NULL where it has no name, which is a fault already. */
static const char *
called(const struct policy_reference *r)
{
	return r->family != NULL ? r->family->name : r->name;
}

static bool
is_called(const struct policy_reference *r, const char *name)
{
	const char *own = called(r);

	return own != NULL && strcmp(own, name) == 0;
}

static int
reference_compare(const void *a, const void *b)
{
	const struct policy_reference *x = *(const struct policy_reference *const *)a;
	const struct policy_reference *y = *(const struct policy_reference *const *)b;

	/* A release without a name is a fault already. */
	if (x->name == NULL || y->name == NULL)
		return (x->name != NULL) - (y->name != NULL);
	return strcmp(x->name, y->name);
}

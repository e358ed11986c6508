/*
 * Which entry of a policy decides, and its number.
 */
#include "policy/policy.h"

#include <stdio.h>

#include "policy/compile/draft.h"
#include "policy/rules/rule.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"

const struct policy_rule *
policy_find(const struct policy *p, struct view workload, struct view collector)
{
	const struct policy_rule *r = policy_find_entry(p, workload);

	return r != NULL && policy_rule_allows(r, collector) ? r : NULL;
}

bool
policy_rule_allows(const struct policy_rule *r, struct view collector)
{
	for (size_t i = 0; i < r->collector_count; i++)
		if (glob_match(r->collectors[i], collector, GLOB_IDENTITY))
			return true;
	return false;
}

const struct policy_rule *
policy_find_entry(const struct policy *p, struct view workload)
{
	const struct view name = bundle_chain_workload(workload);
	const struct policy_rule *r = NULL;

	for (size_t i = 0; i < p->rule_count && r == NULL; i++)
		if (glob_match(p->rules[i].match, name, GLOB_TEXT))
			r = &p->rules[i];
	return r != NULL && bundle_chain_is_start(workload) ? r->start : r;
}

struct view
policy_rule_match(const struct policy_rule *r)
{
	return r->match;
}

uint32_t
policy_rule_number(const struct policy *p, const struct policy_rule *r)
{
	return r == NULL ? 0 : (uint32_t)(r - p->rules) + 1;
}

const struct policy_rule *
policy_rule_at(const struct policy *p, uint32_t number)
{
	return number == 0 || number > p->rule_count + p->start_count ? NULL
								      : &p->rules[number - 1];
}

size_t
policy_rule_entry(const struct policy *p, const struct policy_rule *rule)
{
	size_t i = 0;

	if (!rule->is_start)
		return (size_t)(rule - p->rules);
	while (p->rules[i].start != rule)
		i++;
	return i;
}

struct yaml_spot
policy_spot(const struct policy *p, const char *key)
{
	return yaml_file_spot(p->yaml, key, NULL);
}

struct yaml_spot
policy_rule_spot(const struct policy *p, const struct policy_rule *r, const char *key)
{
	char whole[DRAFT_KEY_MAX];

	(void)snprintf(whole, sizeof(whole), "workloads[%zu]%s.%s", policy_rule_entry(p, r),
	    r->is_start ? ".start" : "", key);
	return policy_spot(p, whole);
}

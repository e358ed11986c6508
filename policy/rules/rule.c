#include "policy/rules/rule.h"

const struct policy_family *
policy_rule_family(const struct policy_rule *rule, uint64_t bits)
{
	size_t i = 0;

	while ((bits & UINT64_C(1) << i) == 0)
		i++;
	return rule->reference[i]->family;
}

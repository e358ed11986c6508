#include "policy/policy_rollout.h"

#include "policy/compile/policy_schema.h"
#include "policy/rules/rule.h"

_Static_assert(POLICY_GROUP_COUNT_MAX == POLICY_GROUPS_MAX, "what a file may have");

const struct digest *
policy_rollout_from(const struct policy *p)
{
	return p->rolls_out ? &p->rollout_from : NULL;
}

const struct policy *
policy_older(const struct policy *p)
{
	return p->older;
}

bool
policy_inherit_older(struct policy *p, struct policy **before)
{
	struct policy *from = *before;

	if (!p->rolls_out || p->older != NULL)
		return true;
	if (from == NULL)
		return false;
	if (digest_equal(policy_manifest_digest(from), &p->rollout_from)) {
		policy_free(&from->older);
		p->older = from;
		*before = NULL; /* moved */
	} else if (from->older != NULL &&
		   digest_equal(policy_manifest_digest(from->older), &p->rollout_from)) {
		p->older = from->older;
		from->older = NULL; /* moved */
	}
	return p->older != NULL;
}

const struct policy_rule *
policy_find_older(const struct policy *p, struct view workload, struct view collector)
{
	return p->older != NULL ? policy_find(p->older, workload, collector) : NULL;
}

size_t
policy_group_count(const struct policy *p)
{
	return p->group_count;
}

struct view
policy_group_name(const struct policy *p, size_t index)
{
	return p->groups[index].name;
}

size_t
policy_group_number(const struct policy *p, struct view name)
{
	for (size_t i = 0; i < p->group_count; i++)
		if (view_equal(p->groups[i].name, name))
			return i + 1;
	return 0;
}

enum report_enforce
policy_group_enforce(const struct policy *p, size_t index)
{
	return p->groups[index].enforce;
}

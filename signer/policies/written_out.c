#include "signer/policies/written_out.h"

#include "signer/policies/told.h"

int
written_out_print(const char *path, const char *workload, FILE *to)
{
	struct policy *policy = told_policy(path);
	const struct policy_rule *rule = NULL;
	struct buf text = BUF_INIT;
	char key[32] = "";
	int result = WRITTEN_OUT_EXIT_UNKNOWN;

	if (policy == NULL)
		return result;
	if (workload != NULL)
		rule = policy_find_entry(policy, view_of_string(workload));
	if (workload != NULL && rule == NULL) {
		(void)told_failure(workload, "no entry of the policy is for it");
		result = WRITTEN_OUT_EXIT_NONE;
	} else {
		if (rule != NULL)
			(void)snprintf(key, sizeof(key), "workloads[%u]",
			    policy_rule_number(policy, rule) - 1);
		policy_print_written_out(policy, key, &text);
		result = told_print(&text, to) ? 0 : WRITTEN_OUT_EXIT_UNKNOWN;
	}
	policy_free(&policy);
	return result;
}

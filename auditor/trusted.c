#include "auditor/trusted.h"

#include "log/approver.h"

enum outcome
trusted_read(const struct trusted *t, const struct findings *f)
{
	enum outcome o = OUTCOME_GOOD;

	for (size_t i = 0; i < t->approver_count && o == OUTCOME_GOOD; i++)
		o = approver_read(t->approvers[i], f, &t->approver_ids[i]);
	return o;
}

void
trusted_want(const struct trusted *t, struct walk_wanted *out)
{
	out->manifests = t->manifests;
	out->approvers = t->approver_ids;
	out->approver_count = t->approver_count;
}

void
trusted_warn(const struct trusted *t, const struct display *d)
{
	if (t->approver_count == 0 && t->manifests.count == 0)
		display_warn(d, "policies",
		    "whoever held the signer chose them: nobody said here which are right "
		    "(--approver, --policy)");
}

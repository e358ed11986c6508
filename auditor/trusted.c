#include "auditor/trusted.h"

#include "log/approver.h"

enum outcome
trusted_read(struct trusted *t, const struct findings *f)
{
	enum outcome o = OUTCOME_GOOD;

	for (size_t i = 0; i < t->approvers->count && o == OUTCOME_GOOD; i++)
		o = approver_read(t->approvers->value[i], f, &t->approver_ids[i]);
	if (o == OUTCOME_GOOD)
		o = vouching_trust_load(VOUCHING_COLLECTOR, t->collectors_ca->value,
		    t->collectors_ca->count, t->crl->value, t->crl->count, f, &t->trust);
	return o;
}

void
trusted_free(struct trusted *t)
{
	vouching_trust_free(&t->trust);
}

void
trusted_want(const struct trusted *t, struct walk_wanted *out)
{
	out->manifests = t->manifests;
	out->approvers = t->approver_ids;
	out->approver_count = t->approvers->count;
	out->trust = t->trust;
}

void
trusted_warn(const struct trusted *t, const struct display *d)
{
	if (t->approvers->count == 0 && t->manifests.count == 0)
		display_warn(d, "policies",
		    "whoever held the signer chose them: nobody said here which are right "
		    "(--approver, --policy)");
}

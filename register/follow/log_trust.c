#include "register/follow/log_trust.h"

#include <stdlib.h>

#include "log/approver.h"

enum outcome
log_trust_load(struct log_trust *t, const struct register_log *log, const struct findings *f)
{
	const struct register_names *approvers = &log->approvers;
	enum outcome o;

	*t = (struct log_trust){.seal = {.origin = log->origin}};
	o = signercerts_load(
	    log->certificates.name, log->certificates.count, f, &t->seal.certificates);
	t->approvers = calloc(approvers->count > 0 ? approvers->count : 1, sizeof(*t->approvers));
	if (t->approvers == NULL)
		return findings_step(f, "approver", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	for (; t->approver_count < approvers->count && o == OUTCOME_GOOD; t->approver_count++)
		o = approver_read(
		    approvers->name[t->approver_count], f, &t->approvers[t->approver_count]);
	if (o == OUTCOME_GOOD)
		o = vouching_trust_load(VOUCHING_COLLECTOR, log->collectors_ca.name,
		    log->collectors_ca.count, log->crls.name, log->crls.count, f, &t->collectors);
	return o;
}

void
log_trust_free(struct log_trust *t)
{
	vouching_trust_free(&t->collectors);
	signercerts_free(&t->seal.certificates);
	free(t->approvers);
	t->approvers = NULL;
}

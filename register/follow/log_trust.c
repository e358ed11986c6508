#include "register/follow/log_trust.h"

#include <fcntl.h>
#include <stdlib.h>

#include "log/approver.h"
#include "log/inputfile.h"

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

struct digest
log_trust_digest(const struct log_trust *t, const struct register_log *log)
{
	const struct register_names *files[] = {&log->collectors_ca, &log->crls};
	struct buf all = BUF_INIT;
	struct digest out = DIGEST_ZERO;

	buf_append_string(&all, HALLMARK_VERSION "\n");
	buf_append(&all, t->approvers, t->approver_count * sizeof(*t->approvers));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (size_t j = 0; j < files[i]->count; j++) {
			const size_t before = all.size;

			if (inputfile_read(AT_FDCWD, files[i]->name[j], VOUCHING_FILE_SIZE_MAX,
				&all) != ERR_OK)
				buf_append_byte(&all, 0);
			buf_append_format(&all, "\n%zu %zu %zu\n", i, j, all.size - before);
		}
	if (buf_status(&all) != ERR_OK)
		abort();
	digest_of(all.data, all.size, &out);
	buf_free(&all);
	return out;
}

void
log_trust_free(struct log_trust *t)
{
	vouching_trust_free(&t->collectors);
	signercerts_free(&t->seal.certificates);
	free(t->approvers);
	t->approvers = NULL;
}

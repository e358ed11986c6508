#include "log/log_replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log/tree_check.h"

#define WHERE_SIZE 32 /* bytes of "entry " and a number */

static void visit(void *context, uint64_t index, struct view entry);
static void replay_entry(struct log_replay *r, const char *where, struct view entry);
static void count_policy(struct log_replay *r, const char *where, struct view id);
static void write_where(char where[WHERE_SIZE], uint64_t index);

enum err
log_replay_begin(struct log_replay *r, const struct log_reader *l, struct evidence_reader *evidence,
    const struct log_replay_wanted *wanted, const struct findings *f)
{
	memset(r, 0, sizeof(*r));
	r->log = l;
	defects_begin(&r->defects, f, wanted->faults_max);
	if ((r->rederive = rederive_new(evidence, f)) == NULL ||
	    (r->policies = policies_new(&wanted->policies)) == NULL)
		return ERR_MEMORY;
	if (wanted->all && (r->chains = chains_new(l->checkpoint.origin, r->policies)) == NULL)
		return ERR_MEMORY;
	return ERR_OK;
}

void
log_replay_end(struct log_replay *r)
{
	chains_free(&r->chains);
	policies_free(&r->policies);
	rederive_free(&r->rederive);
	report_document_free(&r->document);
}

void
log_replay_all(struct log_replay *r)
{
	struct tree_check_result result;

	tree_check_run(r->log, &r->defects, visit, r, &result);
}

void
log_replay_index(struct log_replay *r, uint64_t index)
{
	struct buf entry = BUF_INIT;
	char where[WHERE_SIZE];
	enum err e = log_prove_entry(r->log, index, &entry);

	write_where(where, index);
	if (index >= r->log->checkpoint.size)
		defects_add(&r->defects, OUTCOME_UNKNOWN, where, "expected an index below %" PRIu64,
		    r->log->checkpoint.size);
	else if (e != ERR_OK)
		defects_add(&r->defects, e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    where, "cannot be proved to be in the log: %s", err_text(e));
	else
		replay_entry(r, where, buf_view(&entry));
	buf_free(&entry);
}

bool
log_replay_only_unexpected(const struct log_replay *r)
{
	const uint64_t in_chains = r->chains != NULL ? chains_unexpected(r->chains) : 0;

	return r->defects.bad > 0 && r->defects.bad == r->unexpected + in_chains;
}

static void
visit(void *context, uint64_t index, struct view entry)
{
	struct log_replay *r = context;
	const char *said;
	char where[WHERE_SIZE];
	enum outcome o = chains_check(r->chains, entry, &said);

	write_where(where, index);
	if (o != OUTCOME_GOOD)
		defects_add(&r->defects, o, where, "%s", said);
	replay_entry(r, where, entry);
}

static void
replay_entry(struct log_replay *r, const char *where, struct view entry)
{
	const char *said = "expected a report in its one valid form";
	enum outcome o;
	enum err e = report_parse(entry, &r->document);

	if (e == ERR_OK) {
		o = rederive_check(r->rederive, &r->document.report, entry, &said);
		if (r->chains == NULL)
			count_policy(r, where, r->document.report.policy_id);
	} else {
		o = outcome_of_error(e);
	}
	r->same += o == OUTCOME_GOOD;
	r->different += o == OUTCOME_BAD;
	r->unknown += o == OUTCOME_UNKNOWN;
	if (o != OUTCOME_GOOD)
		defects_add(&r->defects, o, where, "%s", said);
}

static void
count_policy(struct log_replay *r, const char *where, struct view id)
{
	const char *said;
	enum outcome o = policies_check(r->policies, id, &said);

	if (o != OUTCOME_GOOD) {
		defects_add(&r->defects, o, where, "%s", said);
		r->unexpected++;
	}
}

static void
write_where(char where[WHERE_SIZE], uint64_t index)
{
	(void)snprintf(where, WHERE_SIZE, "entry %" PRIu64, index);
}

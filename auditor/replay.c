#include "auditor/replay.h"

#include <inttypes.h>

#include "log/chains.h"
#include "log/rederive.h"
#include "log/tree_check.h"

struct replay {
	const struct replay_options *options;
	struct display display;
	struct defects defects;
	struct log_reader log;
	struct evidence_reader *evidence;
	struct rederive *rederive;
	struct policies *policies;
	struct chains *chains; /* only where all are replayed */
	uint64_t same, different, unknown;
	uint64_t unexpected; /* bad for their policy, where chains do not count them */
};

static enum outcome open_all(struct replay *r, const struct signercert *certificate);
static void replay_all(struct replay *r);
static void replay_index(struct replay *r, uint64_t index);
static void visit(void *context, uint64_t index, struct view entry);
static void replay_entry(struct replay *r, uint64_t index, struct view entry);
static void count_policy(struct replay *r, const char *what, struct view id);
static enum outcome tell(const struct replay *r);

enum outcome
replay_run(const struct replay_options *options, FILE *to)
{
	const struct display head = {to, ""};
	struct replay r = {.options = options, .display = {to, "  "}, .log = {.dir = -1}};
	struct signercert *certificate;
	enum outcome o = signercert_load(options->certificate, &r.display, &certificate);

	if (o != OUTCOME_GOOD)
		return o;
	display_line(&head, "%s", options->log);
	if ((o = open_all(&r, certificate)) == OUTCOME_GOOD) {
		defects_begin(&r.defects, &r.display, options->faults_max);
		if (options->all)
			replay_all(&r);
		else
			replay_index(&r, options->index);
		o = tell(&r);
	}
	chains_free(&r.chains);
	policies_free(&r.policies);
	rederive_free(&r.rederive);
	evidence_reader_close(&r.evidence);
	log_close(&r.log);
	signercert_free(&certificate);
	return o;
}

static enum outcome
open_all(struct replay *r, const struct signercert *certificate)
{
	const struct seal_wanted wanted = {certificate, r->options->origin, false};
	enum outcome o = log_open(&r->log, r->options->log, &wanted, &r->display);

	if (o == OUTCOME_GOOD)
		o = evidence_reader_open(r->options->evidence, &r->display, &r->evidence);
	if (o != OUTCOME_GOOD)
		return o;
	r->rederive = rederive_new(r->evidence, &r->display);
	r->policies = policies_new(&r->options->policies);
	if (r->options->all)
		r->chains = chains_new(r->log.checkpoint.origin, r->policies);
	if (r->rederive == NULL || r->policies == NULL || (r->options->all && r->chains == NULL))
		return display_step(
		    &r->display, "replay", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	return OUTCOME_GOOD;
}

static void
replay_all(struct replay *r)
{
	struct tree_check_result result;
	struct progress progress;

	progress_begin(&progress, r->log.checkpoint.size);
	tree_check_run(&r->log, &r->defects, visit, r, &progress, &result);
	progress_end(&progress);
}

static void
replay_index(struct replay *r, uint64_t index)
{
	struct buf entry = BUF_INIT;
	char what[32];
	enum err e = log_prove_entry(&r->log, index, &entry);

	(void)snprintf(what, sizeof(what), "entry %" PRIu64, index);
	if (index >= r->log.checkpoint.size)
		defects_add(&r->defects, OUTCOME_UNKNOWN, what, "expected an index below %" PRIu64,
		    r->log.checkpoint.size);
	else if (e != ERR_OK)
		defects_add(&r->defects, e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    what, "cannot be proved to be in the log: %s", err_text(e));
	else
		replay_entry(r, index, buf_view(&entry));
	buf_free(&entry);
}

static void
visit(void *context, uint64_t index, struct view entry)
{
	struct replay *r = context;
	const char *said;
	char what[32];
	enum outcome o = chains_check(r->chains, entry, &said);

	if (o != OUTCOME_GOOD) {
		(void)snprintf(what, sizeof(what), "entry %" PRIu64, index);
		defects_add(&r->defects, o, what, "%s", said);
	}
	replay_entry(r, index, entry);
}

static void
replay_entry(struct replay *r, uint64_t index, struct view entry)
{
	struct report_document *document;
	const char *said = "expected a report in its one valid form";
	char what[32];
	enum outcome o;
	enum err e = report_parse(entry, &document);

	(void)snprintf(what, sizeof(what), "entry %" PRIu64, index);

	if (e == ERR_OK) {
		o = rederive_check(r->rederive, report_document_report(document), entry, &said);
		if (!r->options->all)
			count_policy(r, what, report_document_report(document)->policy_id);
	} else {
		o = outcome_of_error(e);
	}
	report_document_free(&document);
	r->same += o == OUTCOME_GOOD;
	r->different += o == OUTCOME_BAD;
	r->unknown += o == OUTCOME_UNKNOWN;
	if (o != OUTCOME_GOOD)
		defects_add(&r->defects, o, what, "%s", said);
}

static void
count_policy(struct replay *r, const char *what, struct view id)
{
	const char *said;
	enum outcome o = policies_check(r->policies, id, &said);

	if (o != OUTCOME_GOOD) {
		defects_add(&r->defects, o, what, "%s", said);
		r->unexpected++;
	}
}

static enum outcome
tell(const struct replay *r)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: policy and evidence give these verdicts again, to the byte",
	    [OUTCOME_BAD] = "bad: this is not what policy and evidence give",
	    [OUTCOME_UNKNOWN] = "could not tell: what some reports name is not there",
	};
	const enum outcome o = defects_outcome(&r->defects);

	display_field(&r->display, "replayed",
	    "%" PRIu64 " the same, %" PRIu64 " different, %" PRIu64 " not possible", r->same,
	    r->different, r->unknown);
	policies_show(r->policies, &r->display);
	if (!r->options->all)
		display_warn(&r->display, "alone",
		    "the report's place in its workload's chain is checked by --all");
	if (defects_full(&r->defects))
		display_field(&r->display, "stopped",
		    "at %" PRIu64 " faults; there may be more (--faults N)", r->defects.max);
	if (o == OUTCOME_BAD &&
	    r->defects.bad == r->unexpected + (r->options->all ? chains_unexpected(r->chains) : 0))
		return display_step(&r->display, "verdict", o,
		    "bad: policy and evidence give these verdicts, by a policy that is not "
		    "expected");
	return display_step(&r->display, "verdict", o, "%s", said[o]);
}

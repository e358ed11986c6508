#include "auditor/replay.h"

#include <inttypes.h>

#include "auditor/summary.h"
#include "log/walk/entry_replay.h"
#include "log/walk/log_check.h"

static enum outcome replay_all(const struct replay_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence);
static enum outcome replay_one(const struct replay_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence);
static void tell_counts(
    const struct display *d, uint64_t same, uint64_t different, uint64_t not_possible);
static enum outcome tell_verdict(const struct display *d, enum outcome o, bool only_unexpected);

enum outcome
replay_run(const struct replay_options *options, FILE *to)
{
	struct progress progress = PROGRESS_INIT;
	const struct display head = {.to = to, .margin = ""};
	const struct display d = {.to = to, .margin = "  ", .progress = &progress};
	const struct findings f = display_findings(&d);
	struct seal_wanted wanted = {.origin = options->origin};
	struct signercert *certificate;
	struct evidence_reader *evidence = NULL;
	struct log_reader l;
	enum outcome o = trusted_read(&options->trusted, &f);

	if (o != OUTCOME_GOOD ||
	    (o = signercert_load(options->certificate, &f, &certificate)) != OUTCOME_GOOD)
		return o;
	wanted.certificate = certificate;
	display_line(&head, "%s", options->log);
	if ((o = log_open(&l, options->log, &wanted, &f)) == OUTCOME_GOOD &&
	    (o = evidence_reader_open(options->evidence, &f, &evidence)) == OUTCOME_GOOD)
		o = options->all ? replay_all(options, &d, &l, evidence)
				 : replay_one(options, &d, &l, evidence);
	evidence_reader_close(&evidence);
	log_close(&l);
	signercert_free(&certificate);
	return o;
}

static enum outcome
replay_all(const struct replay_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence)
{
	struct log_check_wanted wanted = {
	    .walk = {.evidence = evidence, .verdicts = true}, .faults_max = options->faults_max};
	const struct findings f = display_findings(d);
	const struct walk_counts *counts;
	struct log_check c;
	enum outcome o;
	enum err e;

	trusted_want(&options->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, l, &wanted, &f)) != ERR_OK) {
		o = display_step(d, "replay", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		o = log_check_run(&c, NULL);
		counts = walk_counts(c.walk);
		tell_counts(d, counts->same, counts->different, counts->not_possible);
		summary_show(d, c.walk);
		trusted_warn(&options->trusted, d);
		display_stopped(d, &c.defects);
		o = tell_verdict(d, o, log_check_only_unexpected(&c));
	}
	log_check_end(&c);
	return o;
}

static enum outcome
replay_one(const struct replay_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence)
{
	const struct findings f = display_findings(d);
	struct entry_replay r;
	struct defects defects;
	enum outcome o;

	defects_begin(&defects, &f, options->faults_max);
	entry_replay_run(l, evidence, options->index, &options->trusted.manifests, &defects, &r);
	if (r.kind == ENTRY_REPORT) {
		tell_counts(d, r.outcome == OUTCOME_GOOD, r.outcome == OUTCOME_BAD,
		    r.outcome == OUTCOME_UNKNOWN);
		display_field(d, "policies", "1 report by %.*s%s",
		    view_precision(buf_view(&r.policy_id)), (const char *)r.policy_id.data,
		    r.only_unexpected ? ", which is not expected" : "");
		trusted_warn(&options->trusted, d);
	}
	display_warn(d, "alone", "what hangs on the entries in between is checked by --all");
	o = tell_verdict(d, defects_outcome(&defects), r.only_unexpected);
	entry_replay_free(&r);
	return o;
}

static void
tell_counts(const struct display *d, uint64_t same, uint64_t different, uint64_t not_possible)
{
	display_field(d, "replayed",
	    "%" PRIu64 " the same, %" PRIu64 " different, %" PRIu64 " not possible", same,
	    different, not_possible);
}

static enum outcome
tell_verdict(const struct display *d, enum outcome o, bool only_unexpected)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: policy and evidence give these verdicts again, to the byte",
	    [OUTCOME_BAD] = "bad: this is not what policy and evidence give",
	    [OUTCOME_UNKNOWN] = "could not tell: what some entries name is not there or not known",
	};

	return display_step(d, "verdict", o, "%s",
	    only_unexpected ? "bad: policy and evidence give these verdicts, by a policy that is "
			      "not expected (--policy, --approver)"
			    : said[o]);
}

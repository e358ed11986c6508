#include "auditor/replay.h"

#include <inttypes.h>

#include "auditor/display.h"
#include "log/log_replay.h"

static enum outcome replay(const struct replay_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence);
static enum outcome tell(const struct display *d, const struct log_replay *r);

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
	enum outcome o = signercert_load(options->certificate, &f, &certificate);

	if (o != OUTCOME_GOOD)
		return o;
	wanted.certificate = certificate;
	display_line(&head, "%s", options->log);
	if ((o = log_open(&l, options->log, &wanted, &f)) == OUTCOME_GOOD &&
	    (o = evidence_reader_open(options->evidence, &f, &evidence)) == OUTCOME_GOOD)
		o = replay(options, &d, &l, evidence);
	evidence_reader_close(&evidence);
	log_close(&l);
	signercert_free(&certificate);
	return o;
}

static enum outcome
replay(const struct replay_options *options, const struct display *d, const struct log_reader *l,
    struct evidence_reader *evidence)
{
	const struct log_replay_wanted wanted = {
	    options->all, options->policies, options->faults_max};
	const struct findings f = display_findings(d);
	struct log_replay r;
	enum outcome o;
	enum err e = log_replay_begin(&r, l, evidence, &wanted, &f);

	if (e != ERR_OK) {
		o = display_step(d, "replay", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		if (options->all)
			log_replay_all(&r);
		else
			log_replay_index(&r, options->index);
		o = tell(d, &r);
	}
	log_replay_end(&r);
	return o;
}

static enum outcome
tell(const struct display *d, const struct log_replay *r)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: policy and evidence give these verdicts again, to the byte",
	    [OUTCOME_BAD] = "bad: this is not what policy and evidence give",
	    [OUTCOME_UNKNOWN] = "could not tell: what some reports name is not there",
	};
	const enum outcome o = defects_outcome(&r->defects);

	display_field(d, "replayed",
	    "%" PRIu64 " the same, %" PRIu64 " different, %" PRIu64 " not possible", r->same,
	    r->different, r->unknown);
	display_policies(d, r->policies);
	if (r->chains == NULL)
		display_warn(
		    d, "alone", "the report's place in its workload's chain is checked by --all");
	display_stopped(d, &r->defects);
	return display_step(d, "verdict", o, "%s",
	    log_replay_only_unexpected(r)
		? "bad: policy and evidence give these verdicts, by a policy that is not expected"
		: said[o]);
}

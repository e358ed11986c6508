#include "auditor/fsck.h"

#include <inttypes.h>

#include "auditor/summary.h"
#include "log/walk/log_check.h"

static enum outcome read_evidence(
    const struct fsck_options *options, const struct display *d, const struct log_reader *l);
static enum outcome check(const struct fsck_options *options, const struct display *d,
    const struct log_reader *l, struct evidence_reader *evidence);
static void tell_counts(const struct display *d, const struct log_check *c);
static void tell_verdict(const struct display *d, enum outcome o, bool only_unexpected);

enum outcome
fsck_run(const struct fsck_options *options, FILE *to)
{
	struct progress progress = PROGRESS_INIT;
	const struct display head = {.to = to, .margin = ""};
	const struct display d = {.to = to, .margin = "  ", .progress = &progress};
	const struct findings f = display_findings(&d);
	struct seal_wanted wanted = {.origin = options->origin};
	struct signercert *certificate;
	struct log_reader l;
	enum outcome o = trusted_read(&options->trusted, &f);

	if (o != OUTCOME_GOOD ||
	    (o = signercert_load(options->certificate, &f, &certificate)) != OUTCOME_GOOD)
		return o;
	wanted.certificate = certificate;
	display_line(&head, "%s", options->log);
	if ((o = log_open(&l, options->log, &wanted, &f)) == OUTCOME_GOOD)
		o = read_evidence(options, &d, &l);
	else
		tell_verdict(&d, o, false);
	log_close(&l);
	signercert_free(&certificate);
	return o;
}

static enum outcome
read_evidence(
    const struct fsck_options *options, const struct display *d, const struct log_reader *l)
{
	const struct findings f = display_findings(d);
	struct evidence_reader *evidence = NULL;
	enum outcome o = OUTCOME_GOOD;

	if (options->evidence != NULL)
		o = evidence_reader_open(options->evidence, &f, &evidence);
	if (o == OUTCOME_GOOD)
		o = check(options, d, l, evidence);
	else
		tell_verdict(d, o, false);
	evidence_reader_close(&evidence);
	return o;
}

static enum outcome
check(const struct fsck_options *options, const struct display *d, const struct log_reader *l,
    struct evidence_reader *evidence)
{
	struct log_check_wanted wanted = {.tree_only = options->tree_only,
	    .walk = {.evidence = evidence},
	    .faults_max = options->faults_max};
	const struct findings f = display_findings(d);
	struct log_check c;
	enum outcome o;
	enum err e;

	trusted_want(&options->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, l, &wanted, &f)) != ERR_OK) {
		o = display_step(d, "entries", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		o = log_check_run(&c, options->log);
		tell_counts(d, &c);
		if (c.walk != NULL) {
			summary_show(d, c.walk);
			trusted_warn(&options->trusted, d);
		}
	}
	tell_verdict(d, o, log_check_only_unexpected(&c));
	log_check_end(&c);
	return o;
}

static void
tell_counts(const struct display *d, const struct log_check *c)
{
	const struct tree_check_result *r = tree_check_result(c->tree);

	display_field(d, "entries", "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes", r->entries,
	    c->log->checkpoint.size, r->entries_bytes);
	display_field(d, "tiles", "%" PRIu64 ", with %" PRIu64 " hashes", r->tiles, r->hashes);
	display_field(d, "faults", "%" PRIu64 " proved, %" PRIu64 " unreadable, %" PRIu64 " notes",
	    c->defects.bad, c->defects.unknown, c->defects.remarks);
	display_stopped(d, &c->defects);
}

static void
tell_verdict(const struct display *d, enum outcome o, bool only_unexpected)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: what is here is what was signed, all of it",
	    [OUTCOME_BAD] = "bad: this is not the log that was signed",
	    [OUTCOME_UNKNOWN] =
		"could not tell: nothing is proved wrong, and not all could be read",
	};

	(void)display_step(d, "verdict", o, "%s",
	    only_unexpected ? "bad: this is the log that was signed, with a policy that is not "
			      "expected (--policy, --approver)"
			    : said[o]);
}

#include "auditor/history.h"

#include <inttypes.h>

#include "log/walk/log_check.h"
#include "proto/utc.h"

static enum outcome walk_through(
    const struct history_options *options, struct audited *a, struct history_rows *rows);
static void tell_period(const struct past_wanted *wanted, struct audited *a);

enum outcome
history_run(const struct history_options *options, FILE *to, FILE *aside)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: the log is whole, and its verdicts are what policy and "
			     "evidence give",
	    [OUTCOME_BAD] = "bad: not all that the log says is so; each row has what came of it",
	    [OUTCOME_UNKNOWN] = "could not tell: not all of the log could be checked; each row "
				"has what came of it",
	};
	struct json json = {0};
	struct history_rows rows = {.csv = options->csv ? to : NULL};
	struct audited a;
	enum outcome o = audited_open(&a, &options->log, options->csv ? aside : to);

	rows.table = &a.d;
	rows.json = options->log.json ? &json : NULL;
	if (o == OUTCOME_GOOD) {
		tell_period(&options->wanted, &a);
		json_open(&json, NULL, '[');
		o = walk_through(options, &a, &rows);
		json_close(&json, '[');
		json_embed(&a.json, "rows", &json);
	}
	buf_free(&json.text);
	return audited_close(&a, o, said[o]);
}

static void
tell_period(const struct past_wanted *wanted, struct audited *a)
{
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

	display_field(&a->d, "period", "%s to %s, by the signer's clock, in UTC",
	    utc_text(wanted->from_s, from), utc_text(wanted->to_s, to));
	json_open(&a->json, "period", '{');
	json_time(&a->json, "from", wanted->from_s);
	json_time(&a->json, "to", wanted->to_s);
	json_close(&a->json, '{');
}

static enum outcome
walk_through(const struct history_options *options, struct audited *a, struct history_rows *rows)
{
	struct log_check_wanted wanted = {
	    .walk = {.evidence = a->evidence, .verdicts = true, .visit = past_visit},
	    .kept = a->kept.checkpoint,
	    .kept_count = a->kept.checkpoint_count,
	    .faults_max = a->options->faults_max};
	struct past *past = NULL;
	struct log_check c = {0};
	enum outcome o;
	enum err e;

	if ((e = past_new(&options->wanted, rows, &past)) != ERR_OK)
		return display_step(&a->d, "history", OUTCOME_UNKNOWN, "%s", err_text(e));
	wanted.walk.visit_context = past;
	trusted_want(&a->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, &a->log, &wanted, &a->findings)) != ERR_OK) {
		o = display_step(&a->d, "history", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		history_rows_begin(rows);
		o = log_check_run(&c, false);
		past_conclude(past);
		history_rows_end(rows);
		if (!past_is_whole(past))
			o = outcome_worse(
			    o, display_step(&a->d, "history", OUTCOME_UNKNOWN,
				   "there was no memory for all of it: rows are left out"));
		trusted_warn(&a->trusted, &a->d);
		kept_warn(&a->options->kept, &a->d);
		display_stopped(&a->d, &c.defects);
	}
	log_check_end(&c);
	past_free(&past);
	return o;
}

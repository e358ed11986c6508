#include "auditor/replay.h"

#include <inttypes.h>

#include "auditor/tell/summary.h"
#include "auditor/tell/vouched.h"
#include "log/walk/entry_replay.h"
#include "log/walk/log_check.h"

/* What the verdict says where it is none of the three. */
enum apart {
	APART_NOTHING,
	APART_UNEXPECTED, /* a policy that is not expected */
	APART_FOREIGN,    /* somebody vouched who is not named */
	APART_UNVOUCHED,  /* nobody vouches, which was demanded */
	APART_RETIRED,    /* signed by a key that others may have had */
	APART_NO_VERDICT, /* the one entry is no report: good */
};

static enum outcome replay_all(
    const struct replay_options *options, struct audited *a, enum apart *apart);
static enum outcome replay_one(
    const struct replay_options *options, struct audited *a, enum apart *apart);
static void tell_counts(
    struct audited *a, uint64_t same, uint64_t different, uint64_t not_possible);

enum outcome
replay_run(const struct replay_options *options, FILE *to)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: policy and evidence give these verdicts again, to the byte",
	    [OUTCOME_BAD] = "bad: this is not what policy and evidence give",
	    [OUTCOME_UNKNOWN] = "could not tell: what some entries name is not there or not known",
	};
	static const char *const said_apart[] = {
	    [APART_UNEXPECTED] =
		"bad: policy and evidence give these verdicts, by a policy that is not expected",
	    [APART_FOREIGN] = "bad: policy and evidence give these verdicts, and somebody vouched "
			      "for the evidence who is none of those named",
	    [APART_UNVOUCHED] = "could not tell: policy and evidence give these verdicts, and "
				"nobody who is named vouches for all of the evidence",
	    [APART_RETIRED] = "could not tell: policy and evidence give these verdicts, in a log "
			      "signed by a key that others may have had",
	    [APART_NO_VERDICT] = "good: it is no report, so no verdict was made again; nothing "
				 "that it names denies it",
	};
	enum apart apart = APART_NOTHING;
	struct audited a;
	enum outcome o = audited_open(&a, &options->log, to);

	if (o == OUTCOME_GOOD)
		o = options->all ? replay_all(options, &a, &apart)
				 : replay_one(options, &a, &apart);
	return audited_close(&a, o, apart == APART_NOTHING ? said[o] : said_apart[apart]);
}

static enum outcome
replay_all(const struct replay_options *options, struct audited *a, enum apart *apart)
{
	struct log_check_wanted wanted = {.walk = {.evidence = a->evidence, .verdicts = true},
	    .kept = a->kept.checkpoint,
	    .kept_count = a->kept.checkpoint_count,
	    .faults_max = a->options->faults_max};
	const struct walk_counts *counts;
	struct log_check c;
	enum outcome o, vouched = OUTCOME_GOOD, retired = OUTCOME_GOOD;
	enum err e;

	trusted_want(&a->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, &a->log, &wanted, &a->findings)) != ERR_OK) {
		o = display_step(&a->d, "replay", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		o = log_check_run(&c, false);
		counts = walk_counts(c.walk);
		tell_counts(a, counts->same, counts->different, counts->not_possible);
		summary_show(&a->d, c.walk);
		summary_write(&a->json, c.walk);
		vouched = vouched_tell(&a->d, &a->json, c.walk, options->vouched, a->options->full);
		trusted_warn(&a->trusted, &a->d);
		retired = retirement_tell_log(
		    &a->retirement, &a->log, c.walk, &a->options->kept, &a->kept, &a->d, &a->json);
		kept_warn(&a->options->kept, &a->d);
		display_stopped(&a->d, &c.defects);
		if (log_check_only_unexpected(&c))
			*apart = APART_UNEXPECTED;
		else if (log_check_only_foreign(&c))
			*apart = APART_FOREIGN;
		else if (o == OUTCOME_GOOD && vouched != OUTCOME_GOOD)
			*apart = APART_UNVOUCHED;
		else if (o == OUTCOME_GOOD && retired != OUTCOME_GOOD)
			*apart = APART_RETIRED;
	}
	log_check_end(&c);
	return outcome_worse(o, outcome_worse(vouched, retired));
}

static enum outcome
replay_one(const struct replay_options *options, struct audited *a, enum apart *apart)
{
	struct walk_wanted wanted = {.evidence = a->evidence};
	struct entry_replay r;
	struct defects defects;
	enum outcome o, vouched = OUTCOME_GOOD;

	trusted_want(&a->trusted, &wanted);
	defects_begin(&defects, &a->findings, a->options->faults_max);
	entry_replay_run(&a->log, a->evidence, options->index, &wanted, &defects, &r);
	o = defects_outcome(&defects);
	if (r.kind == ENTRY_REPORT) {
		tell_counts(a, r.outcome == OUTCOME_GOOD, r.outcome == OUTCOME_BAD,
		    r.outcome == OUTCOME_UNKNOWN);
		display_field(&a->d, "policies", "1 report by %.*s%s",
		    view_precision(buf_view(&r.policy_id)), (const char *)r.policy_id.data,
		    r.only_unexpected ? ", which is not expected" : "");
		vouched = vouched_tell_one(&a->d, &a->json, &r.vouched, options->vouched);
		trusted_warn(&a->trusted, &a->d);
	}
	kept_warn(&a->options->kept, &a->d);
	display_warn(&a->d, "alone", "what hangs on the entries in between is checked by --all%s",
	    r.kind == ENTRY_ABSENCE ? ": that it was due, too" : "");
	if (r.only_unexpected)
		*apart = APART_UNEXPECTED;
	else if (r.only_foreign)
		*apart = APART_FOREIGN;
	else if (o == OUTCOME_GOOD && vouched != OUTCOME_GOOD)
		*apart = APART_UNVOUCHED;
	else if (o == OUTCOME_GOOD && r.kind != ENTRY_REPORT)
		*apart = APART_NO_VERDICT;
	entry_replay_free(&r);
	return outcome_worse(o, vouched);
}

static void
tell_counts(struct audited *a, uint64_t same, uint64_t different, uint64_t not_possible)
{
	display_field(&a->d, "replayed",
	    "%" PRIu64 " the same, %" PRIu64 " different, %" PRIu64 " not possible", same,
	    different, not_possible);
	json_open(&a->json, "replayed", '{');
	json_number(&a->json, "same", same);
	json_number(&a->json, "different", different);
	json_number(&a->json, "not_possible", not_possible);
	json_close(&a->json, '{');
}

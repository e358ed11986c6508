#include "auditor/fsck.h"

#include <inttypes.h>

#include "auditor/tell/summary.h"
#include "auditor/transcript.h"
#include "log/walk/log_check.h"

/* What the verdict says where it is none of the three. */
enum apart {
	APART_NOTHING,
	APART_UNEXPECTED, /* a policy that is not expected */
	APART_RETIRED,    /* signed by a key that others may have had */
	APART_TRANSCRIPT, /* another record of the ceremony than the one that was given */
};

static enum outcome check(struct audited *a, const struct fsck_options *options, enum apart *apart);
static void tell_counts(struct audited *a, const struct log_check *c);

enum outcome
fsck_run(const struct fsck_options *options, FILE *to)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: what is here is what was signed, up to its newest entry",
	    [OUTCOME_BAD] = "bad: this is not the log that was signed",
	    [OUTCOME_UNKNOWN] =
		"could not tell: nothing is proved wrong, and not all could be read",
	};
	static const char *const said_apart[] = {
	    [APART_UNEXPECTED] =
		"bad: this is the log that was signed, with a policy that is not expected",
	    [APART_RETIRED] = "could not tell: this is signed by a key that others may have had",
	    [APART_TRANSCRIPT] = "bad: this is the log that was signed, and the transcript that "
				 "was given is not the record of its beginning",
	};
	struct audited a;
	enum apart apart = APART_NOTHING;
	enum outcome o = audited_open(&a, &options->log, to);

	if (o == OUTCOME_GOOD)
		o = check(&a, options, &apart);
	return audited_close(&a, o, apart == APART_NOTHING ? said[o] : said_apart[apart]);
}

static enum outcome
check(struct audited *a, const struct fsck_options *options, enum apart *apart)
{
	struct log_check_wanted wanted = {.tree_only = options->tree_only,
	    .walk = {.evidence = a->evidence},
	    .kept = a->kept.checkpoint,
	    .kept_count = a->kept.checkpoint_count,
	    .faults_max = a->options->faults_max};
	struct log_check c;
	enum outcome o, transcript = OUTCOME_GOOD, retired = OUTCOME_GOOD;
	enum err e;

	trusted_want(&a->trusted, &wanted.walk);
	if ((e = log_check_begin(&c, &a->log, &wanted, &a->findings)) != ERR_OK) {
		o = display_step(&a->d, "entries", OUTCOME_UNKNOWN, "%s", err_text(e));
	} else {
		o = log_check_run(&c, true);
		tell_counts(a, &c);
		if (c.walk != NULL) {
			summary_show(&a->d, c.walk);
			summary_write(&a->json, c.walk);
			trusted_warn(&a->trusted, &a->d);
		}
		retired = retirement_tell_log(
		    &a->retirement, &a->log, c.walk, &a->options->kept, &a->kept, &a->d, &a->json);
		kept_warn(&a->options->kept, &a->d);
		if (options->transcript != NULL)
			transcript = transcript_check(options->transcript, &a->log, c.walk, &a->d);
		if (log_check_only_unexpected(&c))
			*apart = APART_UNEXPECTED;
		else if (o == OUTCOME_GOOD && transcript == OUTCOME_BAD)
			*apart = APART_TRANSCRIPT;
		else if (o == OUTCOME_GOOD && retired != OUTCOME_GOOD)
			*apart = APART_RETIRED;
	}
	log_check_end(&c);
	return outcome_worse(o, outcome_worse(transcript, retired));
}

static void
tell_counts(struct audited *a, const struct log_check *c)
{
	const struct tree_check_result *r = tree_check_result(c->tree);
	const struct defects *f = &c->defects;

	display_field(&a->d, "entries", "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes", r->entries,
	    c->log->checkpoint.size, r->entries_bytes);
	display_field(&a->d, "tiles", "%" PRIu64 ", with %" PRIu64 " hashes", r->tiles, r->hashes);
	display_field(&a->d, "faults",
	    "%" PRIu64 " proved, %" PRIu64 " unreadable, %" PRIu64 " notes", f->bad, f->unknown,
	    f->remarks);
	display_stopped(&a->d, f);
	json_open(&a->json, "read", '{');
	json_number(&a->json, "entries", r->entries);
	json_number(&a->json, "bytes", r->entries_bytes);
	json_number(&a->json, "tiles", r->tiles);
	json_number(&a->json, "hashes", r->hashes);
	json_close(&a->json, '{');
	json_open(&a->json, "faults", '{');
	json_number(&a->json, "proved", f->bad);
	json_number(&a->json, "unreadable", f->unknown);
	json_number(&a->json, "notes", f->remarks);
	json_bool(&a->json, "stopped", defects_full(f));
	json_close(&a->json, '{');
}

#include "auditor/fsck.h"

#include <inttypes.h>
#include <string.h>

#include "log/chains.h"
#include "log/leftovers.h"
#include "log/tree_check.h"

struct fsck {
	const struct fsck_options *options;
	struct display display;
	struct defects defects;
	struct policies *policies;
	struct chains *chains; /* NULL unless asked for */
	struct tree_check_result result;
	bool stopped; /* too many faults: not all was looked at */
};

static enum outcome check(struct fsck *f, const struct log_reader *l);
static void visit(void *context, uint64_t index, struct view entry);
static void tell_counts(const struct fsck *f, const struct log_reader *l);
static void tell_reports(const struct fsck *f);
static void tell_verdict(const struct fsck *f, enum outcome o);

enum outcome
fsck_run(const struct fsck_options *options, FILE *to)
{
	const struct display head = {to, ""};
	struct fsck f = {.options = options, .display = {to, "  "}};
	struct seal_wanted wanted = {.origin = options->origin};
	struct signercert *certificate;
	struct log_reader l;
	enum outcome o = signercert_load(options->certificate, &f.display, &certificate);

	if (o != OUTCOME_GOOD)
		return o;
	wanted.certificate = certificate;
	display_line(&head, "%s", options->log);
	if ((o = log_open(&l, options->log, &wanted, &f.display)) == OUTCOME_GOOD)
		o = check(&f, &l);
	tell_verdict(&f, o);
	chains_free(&f.chains);
	policies_free(&f.policies);
	log_close(&l);
	signercert_free(&certificate);
	return o;
}

static enum outcome
check(struct fsck *f, const struct log_reader *l)
{
	struct progress progress;

	defects_begin(&f->defects, &f->display, f->options->faults_max);
	if (f->options->reports &&
	    ((f->policies = policies_new(&f->options->policies)) == NULL ||
		(f->chains = chains_new(l->checkpoint.origin, f->policies)) == NULL)) {
		return display_step(
		    &f->display, "reports", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	}
	progress_begin(&progress, l->checkpoint.size);
	tree_check_run(l, &f->defects, f->chains != NULL ? visit : NULL, f, &progress, &f->result);
	progress_end(&progress);
	if (!defects_full(&f->defects))
		leftovers_check(l, f->options->log, &f->defects);
	f->stopped = defects_full(&f->defects);
	tell_counts(f, l);
	if (f->chains != NULL)
		tell_reports(f);
	return defects_outcome(&f->defects);
}

static void
visit(void *context, uint64_t index, struct view entry)
{
	struct fsck *f = context;
	char path[TILE_PATH_SIZE], where[TILE_PATH_SIZE + 32];
	const char *what;
	enum outcome o = chains_check(f->chains, entry, &what);

	if (o == OUTCOME_GOOD)
		return;
	tile_entries_path(index / TILE_WIDTH, TILE_WIDTH, path);
	(void)snprintf(where, sizeof(where), "%s, entry %" PRIu64, path, index);
	defects_add(&f->defects, o, where, "%s", what);
}

static void
tell_counts(const struct fsck *f, const struct log_reader *l)
{
	const struct tree_check_result *r = &f->result;

	display_field(&f->display, "entries", "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes",
	    r->entries, l->checkpoint.size, r->entries_bytes);
	display_field(
	    &f->display, "tiles", "%" PRIu64 ", with %" PRIu64 " hashes", r->tiles, r->hashes);
	display_field(&f->display, "faults",
	    "%" PRIu64 " proved, %" PRIu64 " unreadable, %" PRIu64 " notes", f->defects.bad,
	    f->defects.unknown, f->defects.remarks);
	if (f->stopped)
		display_field(&f->display, "stopped",
		    "at %" PRIu64 " faults; there may be more (--faults N)", f->defects.max);
}

static void
tell_reports(const struct fsck *f)
{
	const struct chains *c = f->chains;

	display_field(&f->display, "workloads", "%" PRIu64, chains_workloads(c));
	display_field(&f->display, "reports",
	    "%" PRIu64 " affirming, %" PRIu64 " warning, %" PRIu64 " contraindicated, %" PRIu64
	    " none",
	    chains_reports(c, REPORT_AFFIRMING), chains_reports(c, REPORT_WARNING),
	    chains_reports(c, REPORT_CONTRAINDICATED), chains_reports(c, REPORT_NONE));
	policies_show(f->policies, &f->display);
}

static void
tell_verdict(const struct fsck *f, enum outcome o)
{
	static const char *const said[] = {
	    [OUTCOME_GOOD] = "good: what is here is what was signed, all of it",
	    [OUTCOME_BAD] = "bad: this is not the log that was signed",
	    [OUTCOME_UNKNOWN] =
		"could not tell: nothing is proved wrong, and not all could be read",
	};

	if (o == OUTCOME_BAD && f->chains != NULL && f->defects.bad == chains_unexpected(f->chains))
		(void)display_step(&f->display, "verdict", o,
		    "bad: this is the log that was signed, with a policy that is not expected");
	else
		(void)display_step(&f->display, "verdict", o, "%s", said[o]);
}

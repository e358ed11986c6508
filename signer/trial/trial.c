#include "signer/trial/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log/evidence_reader.h"
#include "log/stored/noticed.h"
#include "log/stored/recorded.h"
#include "log/stored/rehearsal.h"
#include "policy/policy_rollout.h"
#include "proto/glob.h"
#include "proto/report/report.h"
#include "signer/trial/trial_print.h"

#define TOLD_EVERY_MS 200 /* progress, on a terminal */

struct trial {
	const struct trial_options *options;
	struct policy *policy;
	struct recorded *log;
	struct evidence_reader *evidence;
	struct rehearsal *rehearsal;
	uint64_t notice;           /* the index of one */
	struct standing *in_force; /* behind it; NULL: it was not looked for, or is not known */
	struct trial_results *results;
	bool not_affirming; /* a report would not be */
	uint64_t told_ms;
	struct trial_summary summary;
};

static bool open_all(struct trial *t);
static void close_all(struct trial *t);
static enum err try_all(struct trial *t);
static enum err try_report(void *context, uint64_t index, const struct report *r);
static enum err find_in_force(struct trial *t, const struct report *r);
static int tell(struct trial *t, FILE *to);
static void progress(void *context, uint64_t done, uint64_t of);
static uint64_t now_ms(void);
static bool fail(const char *what, const char *why);

int
trial_run(const struct trial_options *options, FILE *to)
{
	struct trial t = {.options = options};
	int result = TRIAL_EXIT_UNKNOWN;
	enum err e;

	if (open_all(&t)) {
		if ((e = try_all(&t)) == ERR_OK)
			result = tell(&t, to);
		else
			(void)fail(options->log, err_text(e));
	}
	close_all(&t);
	return result;
}

static bool
open_all(struct trial *t)
{
	const struct findings quiet = {.tell = NULL};
	struct faults faults = FAULTS_INIT;
	const bool good = policy_load(t->options->policy, &faults, &t->policy) == ERR_OK;
	const char *why;

	faults_print(&faults, stderr);
	faults_free(&faults);
	if (!good)
		return false;
	if (recorded_open(t->options->log, &t->log, &why) != ERR_OK)
		return fail(t->options->log, why);
	if (evidence_reader_open(t->options->evidence, &quiet, &t->evidence) != OUTCOME_GOOD)
		return fail(t->options->evidence, "expected the signer's evidence, found none that "
						  "can be read");
	t->rehearsal = rehearsal_new(t->evidence, t->policy);
	t->results = trial_results_new();
	return (t->rehearsal != NULL && t->results != NULL) ||
	       fail("policy try", err_text(ERR_MEMORY));
}

static void
close_all(struct trial *t)
{
	trial_results_free(&t->results);
	rehearsal_free(&t->rehearsal);
	standing_free(&t->in_force);
	evidence_reader_close(&t->evidence);
	recorded_close(&t->log);
	policy_free(&t->policy);
}

static enum err
try_all(struct trial *t)
{
	const struct recorded_listener to = {try_report, progress, t};
	const uint64_t began_ms = now_ms();
	enum err e = recorded_walk(t->log, t->options->last_s, &to, &t->summary.unreadable);

	t->summary.took_ms = now_ms() - began_ms;
	return e;
}

static enum err
try_report(void *context, uint64_t index, const struct report *r)
{
	struct trial *t = context;
	struct trial_workload *w;
	struct rehearsed again;
	int was;
	enum err e;

	if (t->options->workloads != NULL &&
	    !glob_match(view_of_string(t->options->workloads), r->bundle.workload, GLOB_TEXT))
		return ERR_OK;
	if ((w = trial_results_find(t->results, t->policy, r)) == NULL)
		return ERR_MEMORY;
	if (t->summary.reports++ == 0)
		t->summary.from_s = r->issued_s;
	t->summary.to_s = r->issued_s;
	was = report_status_rank(r->status);
	if ((e = find_in_force(t, r)) == ERR_OK)
		e = rehearsal_report(
		    t->rehearsal, r, w->rule, standing_amendments(t->in_force), &again);
	if (e == ERR_MEMORY)
		return e;
	if (e != ERR_OK)
		return trial_workload_add_unknown(w, index, was, err_text(e));
	w->group = again.refused ? 0 : policy_group_number(t->policy, again.group);
	t->not_affirming |= again.refused || again.status != REPORT_AFFIRMING;
	return trial_workload_add(w, index, was,
	    again.refused ? TRIAL_REFUSED : report_status_rank(again.status), again.cause);
}

/* Of reports one behind the other it is mostly the same. */
static enum err
find_in_force(struct trial *t, const struct report *r)
{
	struct buf notice = BUF_INIT;
	enum err e;

	if (t->in_force != NULL && t->notice == r->notice.index)
		return ERR_OK;
	standing_free(&t->in_force);
	t->notice = r->notice.index;
	if ((e = recorded_notice(t->log, r, &notice)) == ERR_OK)
		e = noticed_standing(buf_view(&notice), t->evidence, &t->in_force);
	buf_free(&notice);
	return e;
}

static int
tell(struct trial *t, FILE *to)
{
	struct trial_workload **sorted =
	    trial_results_sorted(t->results, &t->summary.workload_count);
	enum trial_change worst;
	int result = 0;

	if (sorted == NULL) {
		(void)fail("policy try", err_text(ERR_MEMORY));
		return TRIAL_EXIT_UNKNOWN;
	}
	t->summary.policy = t->policy;
	t->summary.workloads = sorted;
	worst = t->summary.workload_count > 0 ? trial_workload_change(sorted[0]) : TRIAL_STAYS;
	if (worst == TRIAL_FALLS || (t->options->wants_affirming && t->not_affirming))
		result = TRIAL_EXIT_FALLS;
	else if (worst == TRIAL_UNKNOWN || t->summary.unreadable > 0)
		result = TRIAL_EXIT_UNKNOWN;
	if (!t->options->json)
		trial_print_text(&t->summary, t->options->all, to);
	else if (!trial_print_json(&t->summary, to))
		result = TRIAL_EXIT_UNKNOWN;
	free(sorted);
	return result;
}

/* For who waits at a terminal; in a pipe nothing. */
static void
progress(void *context, uint64_t done, uint64_t of)
{
	const uint64_t now = now_ms();
	struct trial *t = context;

	if (isatty(STDERR_FILENO) != 1)
		return;
	if (done == of && t->told_ms != 0) {
		fputs("\r\033[K", stderr);
	} else if (done < of && now - t->told_ms >= TOLD_EVERY_MS) {
		fprintf(stderr, "\r%" PRIu64 " %% of the entries", done * 100 / of);
		t->told_ms = now;
	}
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
fail(const char *what, const char *why)
{
	fprintf(stderr, "hallmark-signer: %s: %s\n", what, why);
	return false;
}

#include "collector/report/reporter_leave.h"

#include <string.h>

#include "collector/ground/interrupt.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_bundle.h"
#include "collector/report/reporter_submit.h"
#include "journal/logger.h"

static bool is_another_log(const struct reporter *r, struct view origin);
static enum reporter_outcome leave(
    struct reporter *r, struct reporter_workload *w, const struct reporter_farewell *farewell);
static enum reporter_outcome say(
    struct reporter *r, struct reporter_workload *w, const struct reporter_farewell *farewell);
static void tell_unsaid(const struct reporter *r, const struct reporter_workload *w,
    const struct reporter_farewell *farewell);
static bool has_workload(const struct collector_config *config, const char *name);

enum err
reporter_stop(struct reporter *r)
{
	const struct reporter_farewell farewell = {
	    r->config->farewell == FAREWELL_SCALED_IN ? BUNDLE_SCALED_IN : BUNDLE_STOPPED,
	    {NULL, 0}};

	if (r->config->farewell == FAREWELL_NONE)
		return ERR_OK;
	for (size_t i = 0; i < r->config->workload_count && r->client != NULL; i++)
		if (!interrupt_is_over() &&
		    leave(r, &r->workloads[i], &farewell) == REPORTER_FAILED)
			return ERR_IO;
	return ERR_OK;
}

enum err
reporter_leave_before(struct reporter *r, const struct collector_config *next, struct view origin)
{
	const struct reporter_farewell retired = {BUNDLE_RETIRED, {NULL, 0}};
	const struct reporter_farewell moved = {BUNDLE_MOVED, origin};
	const bool moves = is_another_log(r, origin);
	bool failed = false;

	interrupt_limit(REPORTER_FAREWELL_MS);
	for (size_t i = 0; i < r->config->workload_count && !failed; i++) {
		struct reporter_workload *w = &r->workloads[i];

		if (!has_workload(next, w->config->name))
			failed = say(r, w, &retired) == REPORTER_FAILED;
		else if (moves)
			failed = say(r, w, &moved) == REPORTER_FAILED;
	}
	interrupt_limit(0);
	return failed ? ERR_IO : ERR_OK;
}

bool
reporter_has_last_words(
    const struct reporter *r, const struct collector_config *next, struct view origin)
{
	bool has = is_another_log(r, origin);

	for (size_t i = 0; i < r->config->workload_count && r->log.size > 0; i++)
		has = has || !has_workload(next, r->config->workloads[i].name);
	return has;
}

/* Than the one that is reported to. Where none is known, or none was ever reported to: no. */
static bool
is_another_log(const struct reporter *r, struct view origin)
{
	return origin.size > 0 && r->log.size > 0 && !view_equal(buf_view(&r->log), origin);
}

/* A bundle of what was measured last; then what waits, as far as there is time. */
static enum reporter_outcome
leave(struct reporter *r, struct reporter_workload *w, const struct reporter_farewell *farewell)
{
	enum reporter_outcome outcome = reporter_settle(r, w);
	enum reporter_step step = REPORTER_STEP_CHANGED;
	struct receipt_summary result;

	if (outcome != REPORTER_DONE)
		return outcome;
	if (w->measurement.time_ms == 0)
		return REPORTER_REFUSED;
	for (unsigned i = 0; i < REPORTER_FRESH_TRIES_MAX && step == REPORTER_STEP_CHANGED; i++) {
		if (interrupt_is_over())
			return REPORTER_LOST;
		if (!reporter_append(r, w, false, farewell))
			return r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
		step = reporter_submit_head(r, w, &result);
	}
	/* That the rest is not said yet takes nothing from what was. */
	if (step == REPORTER_STEP_RECEIPT && reporter_submit_waiting(r, w, true) == REPORTER_FAILED)
		return REPORTER_FAILED;
	return reporter_outcome_of(step);
}

/* The same for one who goes on, and tells what was not said; also where there is no session. */
static enum reporter_outcome
say(struct reporter *r, struct reporter_workload *w, const struct reporter_farewell *farewell)
{
	enum reporter_outcome outcome = REPORTER_LOST;

	if (r->client != NULL && !interrupt_is_over())
		outcome = leave(r, w, farewell);
	if (outcome == REPORTER_REFUSED || outcome == REPORTER_LOST)
		tell_unsaid(r, w, farewell);
	return outcome;
}

static void
tell_unsaid(const struct reporter *r, const struct reporter_workload *w,
    const struct reporter_farewell *farewell)
{
	struct logline j;

	logline_begin(&j, LOGGER_WARNING, "no-farewell");
	logline_string(&j, "workload", w->config->name);
	logline_view(&j, "log", buf_view(&r->log));
	logline_string(&j, "leaving", bundle_leaving_word(farewell->leaving));
	logline_string(&j, "text",
	    "its signer will miss the workload until it reports there again or an operator "
	    "retires it");
	logline_end(&j);
}

static bool
has_workload(const struct collector_config *config, const char *name)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (strcmp(config->workloads[i].name, name) == 0)
			return true;
	return false;
}

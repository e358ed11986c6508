#include "signer/ledger/heads/verdict.h"

#include "journal/logger.h"
#include "policy/appraisal/finding.h"
#include "proto/evidence/bundle.h"

_Static_assert(VERDICT_COUNT <= WORKLOAD_CLASSES, "each verdict is a class of workloads");

static uint32_t seconds(uint64_t s);
static unsigned class_of(const struct workload *w, enum verdict_kind v);
static void say(const struct workload *w, enum verdict_kind was, enum verdict_kind now);

const char *
verdict_name(enum verdict_kind v)
{
	static const char *const names[VERDICT_COUNT] = {
	    [VERDICT_NEW] = "new",
	    [VERDICT_AFFIRMING] = "affirming",
	    [VERDICT_NONE] = "none",
	    [VERDICT_WARNING] = "warning",
	    [VERDICT_SILENT] = "silent",
	    [VERDICT_CONTRAINDICATED] = "contraindicated",
	};

	return names[v];
}

enum verdict_kind
verdict_of(const struct workload *w)
{
	if (w->has_head && w->head.due.at_s != 0 && w->head.due.count > 0)
		return VERDICT_SILENT;
	return verdict_reported(w);
}

enum verdict_kind
verdict_reported(const struct workload *w)
{
	if (!w->has_head)
		return VERDICT_NEW;
	switch ((enum report_status)w->head.verdict.status) {
	case REPORT_AFFIRMING:
		return VERDICT_AFFIRMING;
	case REPORT_NONE:
		return VERDICT_NONE;
	case REPORT_WARNING:
		return VERDICT_WARNING;
	case REPORT_CONTRAINDICATED:
		break;
	}
	return VERDICT_CONTRAINDICATED;
}

struct view
verdict_finding(const struct workload *w)
{
	if (verdict_of(w) == VERDICT_SILENT)
		return VIEW_LITERAL("overdue");
	return w->has_head ? verdict_code(&w->head.verdict) : VIEW_LITERAL("none");
}

struct view
verdict_code(const struct chain_verdict *v)
{
	return v->finding < FINDING_COUNT ? finding_code((enum finding)v->finding)
					  : VIEW_LITERAL("none");
}

struct chain_verdict
verdict_next(const struct workload *w, const struct report *r)
{
	const bool same =
	    w->has_head && w->head.verdict.status == r->status && w->head.due.count == 0;

	/* Its group is named by the report, and has a number in the policy: whoever knows it. */
	return (struct chain_verdict){
	    .falls = r->rollout.enforce != REPORT_ENFORCE_ON &&
		     report_status_rank(r->rollout.status) > report_status_rank(r->status),
	    .since_s = same ? w->head.verdict.since_s : seconds(r->issued_s),
	    .status = (uint8_t)r->status,
	    .finding = (uint8_t)(r->finding_count > 0 ? finding_of_code(r->finding[0].code)
						      : FINDING_COUNT)};
}

void
verdict_falls_silent(struct chain_head *head, uint64_t iat_s)
{
	if (head->due.count == 1)
		head->verdict.since_s = seconds(iat_s);
}

void
verdict_settle(struct workload_table *t, struct workload *w)
{
	const enum verdict_kind now = verdict_of(w);
	const enum verdict_kind was = (enum verdict_kind)workload_count_as(t, w, class_of(w, now));

	if (was != now)
		say(w, was, now);
}

void
verdict_settle_silently(struct workload_table *t, struct workload *w)
{
	(void)workload_count_as(t, w, class_of(w, verdict_of(w)));
}

/* What was to start is no workload that goes well or badly: each of its verdicts is news. */
static unsigned
class_of(const struct workload *w, enum verdict_kind v)
{
	return bundle_chain_is_start(workload_name(w)) ? (unsigned)VERDICT_NEW : (unsigned)v;
}

/* Of a head, where a few bytes are paid for a million times: until 2106. */
static uint32_t
seconds(uint64_t s)
{
	return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

static void
say(const struct workload *w, enum verdict_kind was, enum verdict_kind now)
{
	const struct ration_about about = {
	    RATION_VERDICTS, "verdict", verdict_name(now), "collector", workload_collector(w)};
	struct logline l;

	logline_begin_rationed(
	    &l, now == VERDICT_AFFIRMING ? LOGGER_NOTICE : LOGGER_WARNING, &about);
	logline_view(&l, "workload", workload_name(w));
	logline_view(&l, "collector", workload_collector(w));
	logline_string(&l, "was", verdict_name(was));
	logline_string(&l, "now", verdict_name(now));
	logline_view(&l, "finding", verdict_finding(w));
	logline_number(&l, "index", w->head.entry_index);
	logline_end(&l);
}

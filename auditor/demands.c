#include "auditor/demands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auditor/tell/display.h"
#include "proto/utc.h"

static struct demand *begin(struct demand *d, const char *name, bool met);
static void judge_status(const struct demands *d, const struct report *r, struct demand *out);
static void judge_name(
    const char *name, const char *expected, struct view found, struct demand *out);
static void judge_age(
    const struct demands *d, const struct report *r, uint64_t at_s, struct demand *out);
static void judge_in_force(
    const struct demands *d, const struct report *r, uint64_t at_s, struct demand *out);

bool
demands_any(const struct demands *d)
{
	return d->any_status || d->workload != NULL || d->collector != NULL || d->has_max_age ||
	       d->has_at;
}

size_t
demands_judge(const struct demands *d, const struct receipt_check *c, uint64_t now_s,
    struct demand out[DEMANDS_MAX])
{
	const struct report *r = &c->report.report;
	const uint64_t at_s = d->has_at ? d->at_s : now_s;
	size_t count = 0;

	if (!demands_any(d))
		return 0;
	if (c->kind != ENTRY_REPORT) {
		(void)snprintf(begin(out, "entry", false)->expected, DEMAND_TEXT_SIZE, "a report");
		(void)snprintf(out->found, DEMAND_TEXT_SIZE, "%s",
		    c->kind == ENTRY_ABSENCE ? "an absence" : "a notice");
		return 1;
	}
	if (d->any_status)
		judge_status(d, r, &out[count++]);
	if (d->workload != NULL)
		judge_name("workload", d->workload, r->bundle.workload, &out[count++]);
	if (d->collector != NULL)
		judge_name("collector", d->collector, r->collector, &out[count++]);
	if (d->has_max_age)
		judge_age(d, r, at_s, &out[count++]);
	if (d->any_status || d->has_max_age || d->has_at)
		judge_in_force(d, r, at_s, &out[count++]);
	return count;
}

static struct demand *
begin(struct demand *d, const char *name, bool met)
{
	*d = (struct demand){.name = name, .met = met};
	return d;
}

static void
judge_status(const struct demands *d, const struct report *r, struct demand *out)
{
	static const enum report_status by_rank[DEMAND_STATUSES] = {
	    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};
	size_t size = 0;

	(void)begin(out, "status", d->status[report_status_rank(r->status)]);
	for (size_t i = 0; i < DEMAND_STATUSES; i++)
		if (d->status[i])
			size += (size_t)snprintf(out->expected + size, sizeof(out->expected) - size,
			    "%s%s", size > 0 ? " or " : "", report_status_name(by_rank[i]));
	(void)snprintf(out->found, sizeof(out->found), "%s", report_status_name(r->status));
}

static void
judge_name(const char *name, const char *expected, struct view found, struct demand *out)
{
	(void)begin(out, name, view_equal(view_of_string(expected), found));
	(void)snprintf(out->expected, sizeof(out->expected), "%s", expected);
	(void)snprintf(out->found, sizeof(out->found), "%.*s", view_precision(found),
	    (const char *)found.data);
}

/* A decision does not outlive its evidence: the measurement counts, by whoever dates it earlier. */
static void
judge_age(const struct demands *d, const struct report *r, uint64_t at_s, struct demand *out)
{
	const uint64_t measured_s = r->bundle.time_ms / 1000;
	const uint64_t from_s = measured_s < r->issued_s ? measured_s : r->issued_s;
	const uint64_t age_s = at_s > from_s ? at_s - from_s : 0;

	(void)begin(out, "age", age_s <= d->max_age_s);
	(void)snprintf(out->expected, sizeof(out->expected), "at most %" PRIu64 " s", d->max_age_s);
	(void)snprintf(out->found, sizeof(out->found), "%" PRIu64 " s", age_s);
}

static void
judge_in_force(const struct demands *d, const struct report *r, uint64_t at_s, struct demand *out)
{
	const uint64_t skew_s = d->has_at ? 0 : DEMAND_SKEW_S;
	char text[UTC_TEXT_SIZE];

	(void)begin(out, "time", r->issued_s <= at_s + skew_s && at_s < r->expires_s);
	(void)snprintf(out->expected, sizeof(out->expected), "%s, in force", utc_text(at_s, text));
	if (r->issued_s > at_s + skew_s)
		(void)snprintf(
		    out->found, sizeof(out->found), "issued at %s", utc_text(r->issued_s, text));
	else
		(void)snprintf(
		    out->found, sizeof(out->found), "over since %s", utc_text(r->expires_s, text));
}

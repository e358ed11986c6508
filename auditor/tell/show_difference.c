#include "auditor/tell/show_difference.h"

#include <inttypes.h>
#include <string.h>

#include "auditor/tell/report_rows.h"
#include "auditor/tell/show_items.h"
#include "auditor/tell/text_list.h"
#include "auditor/tell/wrapped.h"
#include "log/stored/measured.h"
#include "log/stored/noticed.h"
#include "proto/utc.h"

/* Of one report what is compared as a list. */
struct side {
	struct measured measured;
	struct text_list findings;
};

static void show_heads(
    const struct compared_reports *c, const struct display *d, struct json *json);
static void gather_findings(const struct compared_reports *c, enum difference_side s,
    struct side *side, bool json, struct reason *reason);
static void take_text(void *context, enum report_status outcome, const struct report_finding *f);
static void take_json(void *context, enum report_status outcome, const struct report_finding *f);
static enum err show_list(const char *name, const struct text_list *a, const struct text_list *b,
    bool full, const struct display *d, struct json *json);
static enum err show_components(const struct compared_reports *c, const struct side *sides,
    const struct display *d, struct json *json);
static enum err show_component(const struct compared_reports *c, const struct side *sides,
    unsigned kind, const struct display *d);
static enum err write_component(
    const struct compared_reports *c, const struct side *sides, unsigned kind, struct json *json);
static bool same_component(const struct compared_reports *c, unsigned kind);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

enum outcome
show_difference(const struct compared_reports *c, const struct display *d, struct json *json)
{
	struct side sides[DIFFERENCE_SIDES] = {{.findings = {.words = BUF_INIT}}};
	struct reason reason;
	enum err e;

	reason_begin(&reason);
	show_heads(c, d, json);
	report_rows_show(c->report, d, json);
	e = report_lists_show(c->report, c->full, d, json, show_list);
	for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
		if (c->evidence != NULL)
			measured_read(c->evidence, c->report[s], &sides[s].measured, &reason);
		gather_findings(c, (enum difference_side)s, &sides[s], json != NULL, &reason);
	}
	if (e == ERR_OK)
		e = show_list("findings", &sides[DIFFERENCE_A].findings,
		    &sides[DIFFERENCE_B].findings, c->full, d, json);
	if (e == ERR_OK)
		e = show_components(c, sides, d, json);
	for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
		measured_free(&sides[s].measured);
		text_list_free(&sides[s].findings);
	}
	if (e != ERR_OK)
		reason_add(&reason, OUTCOME_UNKNOWN, "%s", err_text(e));
	return reason.outcome == OUTCOME_GOOD
		   ? OUTCOME_GOOD
		   : display_step(d, "evidence", reason.outcome, "%s", reason.text);
}

static void
show_heads(const struct compared_reports *c, const struct display *d, struct json *json)
{
	static const char *const names[] = {[DIFFERENCE_A] = "a", [DIFFERENCE_B] = "b"};
	char time[UTC_TEXT_SIZE];

	for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
		const struct report *r = c->report[s];

		if (json != NULL) {
			json_open(json, names[s], '{');
			json_number(json, "index", c->index[s]);
			json_view(json, "workload", r->bundle.workload);
			json_view(json, "collector", r->collector);
			json_time(json, "issued", r->issued_s);
			json_time(json, "measured", r->bundle.time_ms / 1000);
			json_string(json, "status", report_status_name(r->status));
			json_close(json, '{');
			continue;
		}
		display_line(d, "%c  entry %" PRIu64 ", %s, issued %s",
		    s == DIFFERENCE_A ? '-' : '+', c->index[s], report_status_name(r->status),
		    utc_text(r->issued_s, time));
		wrapped_line(
		    d, "   ", "%.*s on %.*s", SHOWN(r->bundle.workload), SHOWN(r->collector));
	}
}

/* Without evidence, or where it does not suffice, those that the report shows. */
static void
gather_findings(const struct compared_reports *c, enum difference_side s, struct side *side,
    bool json, struct reason *reason)
{
	const struct finding_listener listener = {json ? take_json : take_text, &side->findings};
	const struct findings quiet = {.tell = NULL};
	const struct report *r = c->report[s];
	struct standing *in_force;

	if (c->evidence != NULL && reason->outcome == OUTCOME_GOOD) {
		in_force = noticed_standing_or_null(c->notice[s], c->evidence);
		measured_findings(
		    c->evidence, r, in_force, &side->measured, &listener, &quiet, reason);
		standing_free(&in_force);
		if (reason->outcome == OUTCOME_GOOD)
			return;
		buf_clear(&side->findings.words);
		side->findings.count = 0;
	}
	for (size_t i = 0; i < r->finding_count; i++)
		listener.take(listener.context, r->status, &r->finding[i]);
}

static void
take_text(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct text_list *l = context;

	(void)outcome;
	buf_append_format(&l->words, "%.*s %.*s", SHOWN(f->kind), SHOWN(f->code));
	if (f->subject.size > 0)
		buf_append_format(&l->words, " %.*s", SHOWN(f->subject));
	if (f->detail.size > 0)
		buf_append_format(&l->words, ": %.*s", SHOWN(f->detail));
	text_list_end(l);
}

static void
take_json(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct text_list *l = context;
	struct json one = {.text = BUF_INIT};

	(void)outcome;
	json_open(&one, NULL, '{');
	json_view(&one, "kind", f->kind);
	json_view(&one, "code", f->code);
	json_view(&one, "subject", f->subject);
	json_view(&one, "detail", f->detail);
	json_close(&one, '{');
	buf_append_view(&l->words, buf_view(&one.text));
	l->words.failed = l->words.failed || one.text.failed;
	buf_free(&one.text);
	text_list_end(l);
}

/* Nothing where both have the same; JSON says so. Its texts are written as they are to stand. */
static enum err
show_list(const char *name, const struct text_list *a, const struct text_list *b, bool full,
    const struct display *d, struct json *json)
{
	static const char *const names[] = {[DIFFERENCE_A] = "only_a", [DIFFERENCE_B] = "only_b"};
	struct value_difference v;
	enum err e = text_list_difference(a, b, &v);

	if (e == ERR_OK && json != NULL) {
		json_open(json, name, '{');
		for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
			json_open(json, names[s], '[');
			for (size_t i = 0; i < v.count[s]; i++)
				json_raw(json, NULL, v.only[s][i]);
			json_close(json, '[');
		}
		json_close(json, '{');
	} else if (e == ERR_OK && v.count[DIFFERENCE_A] + v.count[DIFFERENCE_B] > 0) {
		display_line(d, "%s", name);
		show_values(&v, full, d);
	}
	value_difference_free(&v);
	return e;
}

static enum err
show_components(const struct compared_reports *c, const struct side *sides, const struct display *d,
    struct json *json)
{
	size_t same = 0;
	enum err e = ERR_OK;

	if (json != NULL)
		json_open(json, "components", '{');
	for (unsigned k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
		const bool in_a = c->report[DIFFERENCE_A]->bundle.component[k].present;
		const bool in_b = c->report[DIFFERENCE_B]->bundle.component[k].present;

		if (!in_a && !in_b)
			continue;
		if (json != NULL)
			e = write_component(c, sides, k, json);
		else if (!same_component(c, k))
			e = show_component(c, sides, k, d);
		else
			same++;
	}
	if (json != NULL)
		json_close(json, '{');
	else if (same > 0)
		display_line(
		    d, "%zu component%s the same in both", same, same == 1 ? " is" : "s are");
	return e;
}

static enum err
show_component(const struct compared_reports *c, const struct side *sides, unsigned kind,
    const struct display *d)
{
	const struct component *a = sides[DIFFERENCE_A].measured.component[kind];
	const struct component *b = sides[DIFFERENCE_B].measured.component[kind];
	const struct bundle_component *x = &c->report[DIFFERENCE_A]->bundle.component[kind];
	const struct bundle_component *y = &c->report[DIFFERENCE_B]->bundle.component[kind];
	const char *name = component_kind_name((enum component_kind)kind);

	if (!x->present || !y->present) {
		display_line(d, "%s", name);
		display_line(d, "  %c measured, %" PRIu64 " item%s", x->present ? '-' : '+',
		    x->present ? x->count : y->count,
		    display_plural(x->present ? x->count : y->count));
		return ERR_OK;
	}
	display_line(d, "%s, %" PRIu64 " -> %" PRIu64 " item%s", name, x->count, y->count,
	    display_plural(y->count));
	if (a != NULL && b != NULL)
		return show_items(a, b, c->full, d);
	display_line(d, "  ~ not the same%s",
	    c->evidence == NULL ? "; in what, is in the evidence: --evidence DIR" : "");
	return ERR_OK;
}

static enum err
write_component(
    const struct compared_reports *c, const struct side *sides, unsigned kind, struct json *json)
{
	static const char *const names[] = {[DIFFERENCE_A] = "a", [DIFFERENCE_B] = "b"};
	const struct component *a = sides[DIFFERENCE_A].measured.component[kind];
	const struct component *b = sides[DIFFERENCE_B].measured.component[kind];
	enum err e = ERR_OK;

	json_open(json, component_kind_name((enum component_kind)kind), '{');
	json_bool(json, "same", same_component(c, kind));
	for (unsigned s = 0; s < DIFFERENCE_SIDES; s++) {
		const struct bundle_component *named = &c->report[s]->bundle.component[kind];

		if (named->present)
			json_digest(json, names[s], &named->digest);
		else
			json_null(json, names[s]);
	}
	if (a != NULL && b != NULL)
		e = show_items_json(a, b, json);
	json_close(json, '{');
	return e;
}

static bool
same_component(const struct compared_reports *c, unsigned kind)
{
	const struct bundle_component *a = &c->report[DIFFERENCE_A]->bundle.component[kind];
	const struct bundle_component *b = &c->report[DIFFERENCE_B]->bundle.component[kind];

	return a->present && b->present && digest_equal(&a->digest, &b->digest);
}

#include "auditor/tell/show_measured.h"

#include <inttypes.h>

#include "log/stored/measured.h"
#include "log/stored/noticed.h"
#include "proto/encoding.h"
#include "proto/evidence/component_listing.h"

/* Takes findings: to people, or to the open array of `json`. */
struct teller {
	const struct display *d;
	struct json *json;
	uint64_t count;
};

static void show_components(
    const struct report *r, const struct measured *m, const struct display *d, struct json *json);
static void show_component(
    const struct component *c, const struct bundle_component *named, const struct display *d);
static void write_component(
    const struct component *c, const struct bundle_component *named, struct json *json);
static void show_findings(const struct report *r, struct evidence_reader *evidence,
    struct view notice, const struct measured *m, const struct display *d, struct json *json,
    struct reason *reason);
static void take_finding(void *context, enum report_status outcome, const struct report_finding *f);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

enum outcome
show_measured(const struct report *r, struct evidence_reader *evidence,
    const struct show_measured_wanted *wanted, const struct display *d, struct json *json)
{
	struct measured m;
	struct reason reason;

	reason_begin(&reason);
	measured_read(evidence, r, &m, &reason);
	if (wanted->findings)
		show_findings(r, evidence, wanted->notice, &m, d, json, &reason);
	if (wanted->components)
		show_components(r, &m, d, json);
	measured_free(&m);
	return reason.outcome == OUTCOME_GOOD
		   ? OUTCOME_GOOD
		   : display_step(d, "evidence", reason.outcome, "%s", reason.text);
}

static void
show_components(
    const struct report *r, const struct measured *m, const struct display *d, struct json *json)
{
	if (json != NULL)
		json_open(json, "components", '{');
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *named = &r->bundle.component[k];

		if (m->component[k] != NULL && json != NULL)
			write_component(m->component[k], named, json);
		else if (m->component[k] != NULL)
			show_component(m->component[k], named, d);
	}
	if (json != NULL)
		json_close(json, '{');
}

static void
show_component(
    const struct component *c, const struct bundle_component *named, const struct display *d)
{
	struct buf text = BUF_INIT;
	struct view rest, line;

	display_line(d, "%s, measured", component_kind_name(c->kind));
	display_digest(d, "  sha256", &named->digest);
	display_field(d, "  items", "%" PRIu64, named->count);
	component_listing_text(c, &text);
	rest = buf_view(&text);
	if (buf_status(&text) != ERR_OK)
		display_line(d, "  %s", err_text(ERR_MEMORY));
	else
		while (line_next(&rest, &line) == ERR_OK)
			display_raw(d, "", line);
	buf_free(&text);
}

static void
write_component(const struct component *c, const struct bundle_component *named, struct json *json)
{
	struct buf members = BUF_INIT;

	component_listing_json(c, &members);
	json_open(json, component_kind_name(c->kind), '{');
	json_digest(json, "sha256", &named->digest);
	json_number(json, "count", named->count);
	json_number(json, "size", named->size);
	json_members(json, buf_view(&members));
	if (buf_status(&members) != ERR_OK)
		json->text.failed = true; /* what lacks something is not printed */
	json_close(json, '{');
	buf_free(&members);
}

static void
show_findings(const struct report *r, struct evidence_reader *evidence, struct view notice,
    const struct measured *m, const struct display *d, struct json *json, struct reason *reason)
{
	const struct findings quiet = {.tell = NULL};
	struct teller t = {.d = d, .json = json};
	const struct finding_listener listener = {take_finding, &t};
	struct standing *in_force = noticed_standing_or_null(notice, evidence);

	if (json != NULL)
		json_open(json, "findings", '[');
	else
		display_line(d, "all findings");
	measured_findings(evidence, r, in_force, m, &listener, &quiet, reason);
	standing_free(&in_force);
	if (json != NULL)
		json_close(json, '[');
	else if (t.count == 0)
		display_line(d, "  none");
}

static void
take_finding(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct teller *t = context;

	t->count++;
	if (t->json == NULL) {
		display_line(t->d, "  %-3" PRIu64 " %.*s: %.*s%s%.*s  (%s)", t->count,
		    SHOWN(f->kind), SHOWN(f->code), f->subject.size > 0 ? " " : "",
		    SHOWN(f->subject), report_status_name(outcome));
		if (f->detail.size > 0)
			display_line(t->d, "      %.*s", SHOWN(f->detail));
		return;
	}
	json_open(t->json, NULL, '{');
	json_string(t->json, "outcome", report_status_name(outcome));
	json_view(t->json, "kind", f->kind);
	json_view(t->json, "code", f->code);
	json_view(t->json, "subject", f->subject);
	json_view(t->json, "detail", f->detail);
	json_close(t->json, '{');
}

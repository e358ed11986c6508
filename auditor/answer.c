#include "auditor/answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/utc.h"

#define LABEL "%-9s "

static void show_proved(const struct display *d, enum outcome o, const struct receipt_check *c);
static void show_authority(const struct display *d, const struct receipt_check *c,
    const struct vouching_found *ca, uint64_t at_s);
static void show_said(const struct display *d, const struct receipt_check *c, uint64_t at_s);
static void say_report(const struct display *d, const struct report *r, uint64_t at_s);
static void say_absence(const struct display *d, const struct absence *a);
static void say_notice(const struct display *d, const struct notice *n);
static void show_report(const struct display *d, const struct report *r);
static void show_absence(const struct display *d, const struct absence *a);
static void show_notice(const struct display *d, const struct notice *n);
static void write_entry(struct json *j, const struct receipt_check *c);
static void write_report(struct json *j, const struct report *r);
static void write_absence(struct json *j, const struct absence *a);
static void write_notice(struct json *j, const struct notice *n);
static void write_token(struct json *j, const struct token_seen *t);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

static const char *const kind_names[] = {[ENTRY_REPORT] = "report",
    [ENTRY_ABSENCE] = "absence",
    [ENTRY_NOTICE] = "notice",
    [ENTRY_UNKNOWN] = "entry",
    [ENTRY_NONE] = "entry"};

void
answer_show(const struct display *d, enum outcome o, const struct receipt_check *c,
    const struct vouching_found *ca, const struct demand *demands, size_t count, uint64_t at_s)
{
	show_proved(d, o, c);
	if (ca != NULL && c->included && !c->doubted)
		show_authority(d, c, ca, at_s);
	if (o != OUTCOME_BAD && c->included && !c->doubted)
		show_said(d, c, at_s);
	for (size_t i = 0; i < count; i++)
		if (!demands[i].met)
			display_line(d, LABEL "%s %s, found %s", "DEMANDED", demands[i].name,
			    demands[i].expected, demands[i].found);
}

void
answer_show_entry(const struct display *d, const struct receipt_check *c)
{
	if (!c->read || c->doubted)
		return;
	if (c->kind == ENTRY_REPORT)
		show_report(d, &c->report.report);
	else if (c->kind == ENTRY_ABSENCE)
		show_absence(d, &c->absence.absence);
	else
		show_notice(d, &c->notice.notice);
}

void
answer_write(struct json *j, const struct receipt_check *c, const struct vouching_found *ca,
    const struct demand *demands, size_t count)
{
	if (c->included && !c->doubted) {
		json_open(j, "proved", '{');
		json_string(j, "log", c->checkpoint.origin);
		json_number(j, "index", c->proof.index);
		json_digest(j, "leaf", &c->leaf);
		json_number(j, "size", c->checkpoint.size);
		json_digest(j, "root", &c->checkpoint.root);
		json_string(j, "certificate", signercert_path(c->by));
		if (ca != NULL) {
			json_string(j, "ca", ca->ca_name);
			json_digest(j, "ca_sha256", &ca->ca);
		} else {
			json_null(j, "ca");
			json_null(j, "ca_sha256");
		}
		json_close(j, '{');
	} else {
		json_null(j, "proved");
	}
	if (c->read && !c->doubted)
		write_entry(j, c);
	else
		json_null(j, "says");
	json_open(j, "demands", '[');
	for (size_t i = 0; i < count; i++) {
		json_open(j, NULL, '{');
		json_string(j, "name", demands[i].name);
		json_bool(j, "met", demands[i].met);
		json_string(j, "expected", demands[i].expected);
		json_string(j, "found", demands[i].found);
		json_close(j, '{');
	}
	json_close(j, '[');
}

static void
show_proved(const struct display *d, enum outcome o, const struct receipt_check *c)
{
	if (o == OUTCOME_BAD)
		display_line(d, LABEL "%s", "WRONG", "this is not a receipt of this log");
	else if (c->included && !c->doubted)
		display_line(d,
		    LABEL "%s logged this %s as entry %" PRIu64 "; its checkpoint is of %" PRIu64
			  " entr%s",
		    "PROVED", c->checkpoint.origin, kind_names[c->kind], c->proof.index,
		    c->checkpoint.size, c->checkpoint.size == 1 ? "y" : "ies");
	else
		display_line(d, LABEL "%s", "UNPROVED", "nothing: it could not be told");
}

static void
show_authority(const struct display *d, const struct receipt_check *c,
    const struct vouching_found *ca, uint64_t at_s)
{
	char issued[UTC_TEXT_SIZE];

	display_line(d, LABEL "with %s by the word of %s as of %s%s", "", signercert_path(c->by),
	    ca->ca_name, utc_text(c->issued_s, issued),
	    signercert_valid_at(c->by, at_s) ? "" : "; it has ended since");
}

static void
show_said(const struct display *d, const struct receipt_check *c, uint64_t at_s)
{
	if (!c->read)
		display_line(d, LABEL "%s", "SAYS", "nothing that this version can read");
	else if (c->kind == ENTRY_REPORT)
		say_report(d, &c->report.report, at_s);
	else if (c->kind == ENTRY_ABSENCE)
		say_absence(d, &c->absence.absence);
	else
		say_notice(d, &c->notice.notice);
}

static void
say_report(const struct display *d, const struct report *r, uint64_t at_s)
{
	const bool later = r->issued_s > at_s;
	char status[32], issued[UTC_TEXT_SIZE], expires[UTC_TEXT_SIZE], age[DISPLAY_AGE_SIZE];
	size_t i = 0;

	for (const char *p = report_status_name(r->status); *p != '\0' && i + 1 < sizeof(status);)
		status[i++] = (char)toupper((unsigned char)*p++);
	status[i] = '\0';
	display_line(d, LABEL "%.*s on %.*s: %s, %" PRIu64 " finding%s", "SAYS",
	    SHOWN(r->bundle.workload), SHOWN(r->collector), status, r->finding_total,
	    display_plural(r->finding_total));
	display_line(d, LABEL "%s, %s %s%s%s%s", "", utc_text(r->issued_s, issued),
	    display_age(later ? r->issued_s - at_s : at_s - r->issued_s, age),
	    later ? "later" : "ago", at_s < r->expires_s ? "; in force until " : "; over since ",
	    utc_text(r->expires_s, expires), r->bundle.offline ? "; gathered offline" : "");
}

static void
say_absence(const struct display *d, const struct absence *a)
{
	char due[UTC_TEXT_SIZE];

	display_line(d,
	    LABEL "no report, nothing is vouched for: %.*s on %.*s was silent, due at %s%s", "SAYS",
	    SHOWN(a->absent[0].workload), SHOWN(a->collector), utc_text(a->absent[0].due_s, due),
	    a->count > 1 ? ", and others of it" : "");
}

static void
say_notice(const struct display *d, const struct notice *n)
{
	char issued[UTC_TEXT_SIZE];

	display_line(d, LABEL "no report: a notice of the log about itself, %.*s, %s", "SAYS",
	    SHOWN(notice_kind_name(n)), utc_text(n->issued_s, issued));
}

static void
show_report(const struct display *d, const struct report *r)
{
	char issued[UTC_TEXT_SIZE], measured[UTC_TEXT_SIZE], expires[UTC_TEXT_SIZE];

	display_field(d, "  workload", "%.*s", SHOWN(r->bundle.workload));
	display_field(d, "  collector", "%.*s", SHOWN(r->collector));
	display_field(d, "  status", "%s (%" PRIu64 " finding%s)", report_status_name(r->status),
	    r->finding_total, display_plural(r->finding_total));
	display_field(d, "  measured", "%s%s", utc_text(r->bundle.time_ms / 1000, measured),
	    r->bundle.offline ? " by the collector's clock, without a nonce" : "");
	display_field(d, "  issued", "%s", utc_text(r->issued_s, issued));
	display_field(d, "  expires", "%s", utc_text(r->expires_s, expires));
	display_field(d, "  policy", "%.*s", SHOWN(r->policy_id));
}

static void
show_absence(const struct display *d, const struct absence *a)
{
	char issued[UTC_TEXT_SIZE], due[UTC_TEXT_SIZE];

	display_field(d, "  collector", "%.*s", SHOWN(a->collector));
	for (size_t i = 0; i < a->count; i++)
		display_field(d, i == 0 ? "  silent" : "", "%.*s, due at %s",
		    SHOWN(a->absent[i].workload), utc_text(a->absent[i].due_s, due));
	display_field(d, "  issued", "%s", utc_text(a->issued_s, issued));
}

static void
show_notice(const struct display *d, const struct notice *n)
{
	char issued[UTC_TEXT_SIZE];

	display_field(d, "  kind", "%.*s", SHOWN(notice_kind_name(n)));
	if (n->kind == NOTICE_STATEMENT)
		display_field(d, "  statement", "%.*s", SHOWN(n->statement_kind));
	if (n->kind == NOTICE_MANIFEST || n->kind == NOTICE_STATEMENT)
		display_digest(d, "  sha256", &n->sha256);
	if (n->kind == NOTICE_KEY) {
		display_digest(d, "  old key", &n->from);
		display_digest(d, "  new key", &n->to);
	}
	if (n->kind == NOTICE_FEED) {
		display_field(d, "  feed", "%.*s", SHOWN(n->name));
		display_digest(d, "  sha256", &n->sha256);
		display_field(d, "  written", "%s", utc_text(n->written_s, issued));
	}
	if (n->kind == NOTICE_TOKEN)
		display_field(d, "  token", "serial %.*s, firmware %.*s, %zu change%s",
		    SHOWN(n->token.serial), SHOWN(n->token.firmware), n->token.change_count,
		    display_plural(n->token.change_count));
	display_field(d, "  issued", "%s", utc_text(n->issued_s, issued));
}

static void
write_entry(struct json *j, const struct receipt_check *c)
{
	json_open(j, "says", '{');
	json_string(j, "kind", kind_names[c->kind]);
	json_time(j, "issued", c->issued_s);
	if (c->kind == ENTRY_REPORT)
		write_report(j, &c->report.report);
	else if (c->kind == ENTRY_ABSENCE)
		write_absence(j, &c->absence.absence);
	else
		write_notice(j, &c->notice.notice);
	json_close(j, '{');
}

static void
write_report(struct json *j, const struct report *r)
{
	json_view(j, "workload", r->bundle.workload);
	json_view(j, "collector", r->collector);
	json_string(j, "status", report_status_name(r->status));
	json_number(j, "finding_count", r->finding_total);
	json_time(j, "measured", r->bundle.time_ms / 1000);
	json_time(j, "expires", r->expires_s);
	json_bool(j, "offline", r->bundle.offline);
	json_view(j, "policy", r->policy_id);
}

static void
write_absence(struct json *j, const struct absence *a)
{
	json_view(j, "collector", a->collector);
	json_open(j, "silent", '[');
	for (size_t i = 0; i < a->count; i++) {
		json_open(j, NULL, '{');
		json_view(j, "workload", a->absent[i].workload);
		json_time(j, "due", a->absent[i].due_s);
		json_close(j, '{');
	}
	json_close(j, '[');
}

static void
write_notice(struct json *j, const struct notice *n)
{
	json_view(j, "notice", notice_kind_name(n));
	if (n->kind == NOTICE_STATEMENT)
		json_view(j, "statement", n->statement_kind);
	if (n->kind == NOTICE_MANIFEST || n->kind == NOTICE_STATEMENT)
		json_digest(j, "sha256", &n->sha256);
	if (n->kind == NOTICE_KEY) {
		json_digest(j, "old_key", &n->from);
		json_digest(j, "new_key", &n->to);
	}
	if (n->kind == NOTICE_FEED) {
		json_view(j, "feed", n->name);
		json_digest(j, "sha256", &n->sha256);
		json_time(j, "written", n->written_s);
	}
	if (n->kind == NOTICE_TOKEN)
		write_token(j, &n->token);
}

static void
write_token(struct json *j, const struct token_seen *t)
{
	json_view(j, "label", t->label);
	json_view(j, "manufacturer", t->manufacturer);
	json_view(j, "model", t->model);
	json_view(j, "serial", t->serial);
	json_view(j, "firmware", t->firmware);
	json_open(j, "changes", '[');
	for (size_t i = 0; i < t->change_count; i++) {
		json_open(j, NULL, '{');
		json_number(j, "number", t->change[i].number);
		json_view(j, "what", t->change[i].what);
		json_view(j, "before", t->change[i].before);
		json_view(j, "after", t->change[i].after);
		json_close(j, '{');
	}
	json_close(j, '[');
}

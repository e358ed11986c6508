#include "auditor/verify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "auditor/display.h"
#include "auditor/explain.h"
#include "log/inputfile.h"
#include "log/receipt_check.h"
#include "proto/err.h"
#include "proto/tlog/tile.h"
#include "proto/utc.h"

static enum outcome verify_file(const struct verify_options *options,
    const struct seal_wanted *wanted, const char *path, FILE *to);
static enum outcome check_file(const struct verify_options *options,
    const struct seal_wanted *wanted, struct view bytes, const struct display *d,
    struct buf *report, struct receipt_check *c);
static void tell_entry(const struct display *d, const struct receipt_check *c);
static void tell_report(const struct display *d, const struct report *r);
static void tell_absence(const struct display *d, const struct absence *a);
static void tell_notice(const struct display *d, const struct notice *n);
static void tell_verdict(const struct display *d, enum outcome o, const struct receipt_check *c);

enum outcome
verify_run(const struct verify_options *options, FILE *to)
{
	const struct display d = {.to = to, .margin = options->explain ? "# " : "  "};
	const struct findings f = display_findings(&d);
	struct signercert *certificate;
	struct seal_wanted wanted = {.origin = options->origin};
	enum outcome o = signercert_load(options->certificate, &f, &certificate);

	wanted.certificate = certificate;
	for (size_t i = 0; i < options->file_count && certificate != NULL; i++) {
		if (i > 0)
			display_gap(&d);
		o = outcome_worse(o, verify_file(options, &wanted, options->files[i], to));
	}
	signercert_free(&certificate);
	return o;
}

static enum outcome
verify_file(const struct verify_options *options, const struct seal_wanted *wanted,
    const char *path, FILE *to)
{
	const struct display head = {.to = to, .margin = options->explain ? "# " : ""};
	const struct display d = {.to = to, .margin = options->explain ? "#   " : "  "};
	struct receipt_check c;
	struct buf bytes = BUF_INIT, report = BUF_INIT;
	enum outcome o;
	enum err e;

	memset(&c, 0, sizeof(c));
	display_line(&head, "%s", path);
	if ((e = inputfile_read(AT_FDCWD, path, TLOGPROOF_SIZE_MAX, &bytes)) != ERR_OK) {
		/* A file that is too large is read, and is no receipt. */
		o = display_step(&d, "read", outcome_of_error(e), "%s", inputfile_reason(e));
	} else {
		(void)display_step(&d, "read", OUTCOME_GOOD, "%zu bytes", bytes.size);
		o = check_file(options, wanted, buf_view(&bytes), &d, &report, &c);
	}
	tell_verdict(&d, o, &c);
	if (options->explain && c.parsed &&
	    (e = explain_write(to, path, options->report, options->certificate, &c)) != ERR_OK)
		o = outcome_worse(o,
		    display_step(&d, "explain", OUTCOME_UNKNOWN, "%s",
			e == ERR_UNSUPPORTED
			    ? "a path of receipt or certificate cannot be shown, and so not be "
			      "pasted: expected printable characters only; copy the files to plain "
			      "names"
			    : err_text(e)));
	receipt_check_free(&c);
	buf_free(&bytes);
	buf_free(&report);
	return o;
}

static enum outcome
check_file(const struct verify_options *options, const struct seal_wanted *wanted,
    struct view bytes, const struct display *d, struct buf *report, struct receipt_check *c)
{
	const struct findings f = display_findings(d);
	struct view beside;
	enum outcome o;
	enum err e;

	if (options->report != NULL &&
	    (e = inputfile_read(AT_FDCWD, options->report, ENTRY_SIZE_MAX, report)) != ERR_OK)
		return display_step(d, "report", outcome_of_error(e), "%s: %s", options->report,
		    inputfile_reason(e));
	beside = buf_view(report);
	o = receipt_check_run(wanted, bytes, options->report != NULL ? &beside : NULL, &f, c);
	if (c->read)
		tell_entry(d, c);
	return o;
}

static void
tell_entry(const struct display *d, const struct receipt_check *c)
{
	if (c->kind == ENTRY_REPORT)
		tell_report(d, &c->report.report);
	else if (c->kind == ENTRY_ABSENCE)
		tell_absence(d, &c->absence.absence);
	else
		tell_notice(d, &c->notice.notice);
}

static void
tell_report(const struct display *d, const struct report *r)
{
	char issued[UTC_TEXT_SIZE], measured[UTC_TEXT_SIZE], expires[UTC_TEXT_SIZE];

	display_field(d, "  workload", "%.*s", view_precision(r->bundle.workload),
	    (const char *)r->bundle.workload.data);
	display_field(d, "  collector", "%.*s", view_precision(r->collector),
	    (const char *)r->collector.data);
	display_field(d, "  status", "%s (%" PRIu64 " finding%s)", report_status_name(r->status),
	    r->finding_total, display_plural(r->finding_total));
	display_field(d, "  measured", "%s%s", utc_text(r->bundle.time_ms / 1000, measured),
	    r->bundle.offline ? " by the collector's clock, without a nonce" : "");
	display_field(d, "  issued", "%s", utc_text(r->issued_s, issued));
	display_field(d, "  expires", "%s", utc_text(r->expires_s, expires));
	display_field(
	    d, "  policy", "%.*s", view_precision(r->policy_id), (const char *)r->policy_id.data);
}

static void
tell_absence(const struct display *d, const struct absence *a)
{
	char issued[UTC_TEXT_SIZE], due[UTC_TEXT_SIZE];

	display_field(d, "  collector", "%.*s", view_precision(a->collector),
	    (const char *)a->collector.data);
	for (size_t i = 0; i < a->count; i++)
		display_field(d, i == 0 ? "  silent" : "", "%.*s, due at %s",
		    view_precision(a->absent[i].workload), (const char *)a->absent[i].workload.data,
		    utc_text(a->absent[i].due_s, due));
	display_field(d, "  issued", "%s", utc_text(a->issued_s, issued));
	display_warn(d, "absence", "it is no report: nobody was measured, nothing is vouched for");
}

static void
tell_notice(const struct display *d, const struct notice *n)
{
	const struct view kind = notice_kind_name(n);
	char issued[UTC_TEXT_SIZE];

	display_field(d, "  kind", "%.*s", view_precision(kind), (const char *)kind.data);
	if (n->kind == NOTICE_STATEMENT)
		display_field(d, "  statement", "%.*s", view_precision(n->statement_kind),
		    (const char *)n->statement_kind.data);
	if (n->kind == NOTICE_MANIFEST || n->kind == NOTICE_STATEMENT)
		display_digest(d, "  sha256", &n->sha256);
	display_field(d, "  issued", "%s", utc_text(n->issued_s, issued));
	display_warn(d, "notice", "it is no report: the log says this about itself");
}

static void
tell_verdict(const struct display *d, enum outcome o, const struct receipt_check *c)
{
	static const char *const names[] = {[ENTRY_REPORT] = "report",
	    [ENTRY_ABSENCE] = "absence",
	    [ENTRY_NOTICE] = "notice",
	    [ENTRY_UNKNOWN] = "entry",
	    [ENTRY_NONE] = "entry"};

	switch (o) {
	case OUTCOME_GOOD:
		(void)display_step(d, "verdict", o,
		    "good: %s has this %s at index %" PRIu64
		    ", under a checkpoint of size %" PRIu64,
		    c->checkpoint.origin, names[c->kind], c->proof.index, c->checkpoint.size);
		break;
	case OUTCOME_BAD:
		(void)display_step(d, "verdict", o, "bad: this is not a receipt of this log");
		break;
	case OUTCOME_UNKNOWN:
		(void)display_step(d, "verdict", o, "could not tell: nothing is proved");
		break;
	}
}

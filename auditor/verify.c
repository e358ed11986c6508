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
static void tell_report(const struct display *d, const struct report *r);
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
		tell_report(d, &c->document.report);
	return o;
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
tell_verdict(const struct display *d, enum outcome o, const struct receipt_check *c)
{
	switch (o) {
	case OUTCOME_GOOD:
		(void)display_step(d, "verdict", o,
		    "good: %s has this report at index %" PRIu64
		    ", under a checkpoint of size %" PRIu64,
		    c->checkpoint.origin, c->proof.index, c->checkpoint.size);
		break;
	case OUTCOME_BAD:
		(void)display_step(d, "verdict", o, "bad: this is not a receipt of this log");
		break;
	case OUTCOME_UNKNOWN:
		(void)display_step(d, "verdict", o, "could not tell: nothing is proved");
		break;
	}
}

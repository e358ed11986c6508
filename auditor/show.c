#include "auditor/show.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "log/inputfile.h"
#include "log/log_reader.h"
#include "log/receipt_check.h"
#include "log/signercert.h"
#include "proto/encoding.h"
#include "proto/tlog/tile.h"
#include "proto/utc.h"

static enum outcome read_receipt(const struct show_options *options, const struct display *d,
    struct buf *report, uint64_t *index);
static enum outcome read_beside(
    const char *path, const struct tlogproof *p, const struct display *d, struct buf *report);
static enum outcome read_log(
    const struct show_options *options, const struct display *d, struct buf *report);
static enum outcome show_bytes(
    const struct show_options *options, struct view bytes, const struct display *d, FILE *to);
static void show_verdict(const struct report *r, const struct display *d);
static void show_findings(const struct report *r, const struct display *d);
static void show_evidence(const struct report *r, const struct display *d);
static void show_chain(const struct report *r, const struct display *d);
static void show_digest(const struct display *d, const char *label, const struct digest *digest);

/* What a label and a view need in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

enum outcome
show_run(const struct show_options *options, FILE *to)
{
	/* Where the report itself is the output, everything else goes to stderr. */
	const struct display d = {.to = options->json ? stderr : to, .margin = ""};
	struct buf report = BUF_INIT;
	uint64_t index = options->index;
	enum outcome o;

	if (options->file != NULL)
		o = read_receipt(options, &d, &report, &index);
	else
		o = read_log(options, &d, &report);
	if (o == OUTCOME_GOOD) {
		if (!options->json)
			display_field(&d, "index", "%" PRIu64 "%s", index,
			    options->file != NULL
				? ", says the receipt: shown as it stands, `verify` checks it"
				: ", proved to be in the log");
		o = show_bytes(options, buf_view(&report), &d, to);
	}
	buf_free(&report);
	return o;
}

void
show_report(const struct report *r, const struct display *d)
{
	char issued[UTC_TEXT_SIZE], expires[UTC_TEXT_SIZE], measured[UTC_TEXT_SIZE];

	display_line(d, "who");
	display_field(d, "  workload", "%.*s", SHOWN(r->bundle.workload));
	display_field(d, "  collector", "%.*s", SHOWN(r->collector));
	display_field(d, "  log", "%.*s", SHOWN(r->issuer));
	display_field(d, "  verifier", "%.*s, %.*s", SHOWN(r->build), SHOWN(r->developer));
	display_line(d, "when");
	display_field(d, "  measured", "%s", utc_text(r->bundle.time_ms / 1000, measured));
	display_field(d, "  issued", "%s", utc_text(r->issued_s, issued));
	display_field(d, "  expires", "%s", utc_text(r->expires_s, expires));
	show_verdict(r, d);
	show_findings(r, d);
	show_evidence(r, d);
	show_chain(r, d);
}

static enum outcome
read_receipt(const struct show_options *options, const struct display *d, struct buf *report,
    uint64_t *index)
{
	const char *path = options->file;
	struct buf text = BUF_INIT;
	struct tlogproof proof;
	enum outcome o = OUTCOME_GOOD;
	enum err e = inputfile_read(AT_FDCWD, path, TLOGPROOF_SIZE_MAX, &text);

	if (e != ERR_OK) {
		o = display_step(
		    d, "read", outcome_of_error(e), "%s: %s", path, inputfile_reason(e));
	} else if ((e = receipt_check_parse(buf_view(&text), report, &proof)) != ERR_OK) {
		o = display_step(d, "format", outcome_of_error(e),
		    "%s: expected a receipt in the form c2sp.org/tlog-proof@v1: %s", path,
		    err_text(e));
	} else {
		*index = proof.index;
		o = read_beside(options->report, &proof, d, report);
	}
	buf_free(&text);
	return o;
}

/* `report` has what the receipt has of it, and then what there is of it at all. */
static enum outcome
read_beside(
    const char *path, const struct tlogproof *p, const struct display *d, struct buf *report)
{
	const struct findings f = display_findings(d);
	struct buf beside = BUF_INIT;
	struct view given, entry;
	enum outcome o;
	enum err e = ERR_OK;

	if (path != NULL && (e = inputfile_read(AT_FDCWD, path, ENTRY_SIZE_MAX, &beside)) != ERR_OK)
		return display_step(
		    d, "report", outcome_of_error(e), "%s: %s", path, inputfile_reason(e));
	given = buf_view(&beside);
	o = receipt_check_entry(p, path != NULL ? &given : NULL, &f, &entry);
	if (o == OUTCOME_GOOD && !p->has_extra)
		buf_append_view(report, entry);
	buf_free(&beside);
	return o == OUTCOME_GOOD && buf_status(report) != ERR_OK ? OUTCOME_UNKNOWN : o;
}

static enum outcome
read_log(const struct show_options *options, const struct display *d, struct buf *report)
{
	const struct findings quiet = {.tell = NULL}, aloud = display_findings(d);
	struct signercert *certificate = NULL;
	struct seal_wanted wanted = {.origin = options->origin};
	struct log_reader l = {.dir = -1};
	enum outcome o;
	enum err e;

	if ((o = signercert_load(options->certificate, &aloud, &certificate)) != OUTCOME_GOOD)
		return o;
	wanted.certificate = certificate;
	if ((o = log_open(&l, options->log, &wanted, &quiet)) != OUTCOME_GOOD) {
		log_close(&l);
		o = log_open(&l, options->log, &wanted, &aloud);
	} else if (options->index >= l.checkpoint.size) {
		o = display_step(d, "index", OUTCOME_UNKNOWN,
		    "expected one below %" PRIu64 ", the number of entries", l.checkpoint.size);
	} else if ((e = log_prove_entry(&l, options->index, report)) != ERR_OK) {
		o = display_step(d, "entry", e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    "cannot be proved to be in the log: %s", err_text(e));
	}
	log_close(&l);
	signercert_free(&certificate);
	return o;
}

static enum outcome
show_bytes(const struct show_options *options, struct view bytes, const struct display *d, FILE *to)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	enum err e = report_parse(bytes, &document);
	enum outcome o = OUTCOME_GOOD;

	/* In that form there are no control characters: its bytes may go to a terminal. */
	if (e != ERR_OK) {
		o = display_step(d, "report", outcome_of_error(e),
		    "expected a report in its one valid form: %s", err_text(e));
	} else if (options->json) {
		(void)fwrite(bytes.data, 1, bytes.size, to);
		(void)fputc('\n', to);
	} else {
		show_report(&document.report, d);
	}
	report_document_free(&document);
	return o;
}

static void
show_verdict(const struct report *r, const struct display *d)
{
	display_line(d, "verdict");
	display_field(d, "  status", "%s", report_status_name(r->status));
	for (unsigned i = 0; i < REPORT_CLAIM_COUNT; i++) {
		char label[48];

		if (r->claim[i] == 0)
			continue;
		(void)snprintf(
		    label, sizeof(label), "  %s", report_claim_name((enum report_claim)i));
		display_field(d, label, "%d (%s)", r->claim[i],
		    report_status_name(report_claim_status(r->claim[i])));
	}
	display_field(d, "  policy", "%.*s", SHOWN(r->policy_id));
	for (size_t i = 0; i < r->reference_count; i++)
		show_digest(d, "  reference set", &r->reference[i]);
}

static void
show_findings(const struct report *r, const struct display *d)
{
	display_line(d, "findings");
	if (r->finding_total == 0)
		display_line(d, "  none");
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *f = &r->finding[i];

		display_line(d, "  %-3zu %.*s: %.*s%s%.*s", i + 1, SHOWN(f->kind), SHOWN(f->code),
		    f->subject.size > 0 ? " " : "", SHOWN(f->subject));
		if (f->detail.size > 0)
			display_line(d, "      %.*s", SHOWN(f->detail));
	}
	if (r->finding_total > r->finding_count)
		display_line(d, "  and %" PRIu64 " more, not written out",
		    r->finding_total - r->finding_count);
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++)
		if (r->not_checked[i])
			display_field(d, "  not checked", "%s: recorded only, by no rule",
			    component_kind_name((enum component_kind)i));
}

static void
show_evidence(const struct report *r, const struct display *d)
{
	const struct bundle *b = &r->bundle;
	struct buf hex = BUF_INIT;
	char digest[DIGEST_HEX_SIZE + 1];

	display_line(d, "evidence");
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &b->component[i];
		char label[48];

		if (!c->present)
			continue;
		(void)snprintf(
		    label, sizeof(label), "  %s", component_kind_name((enum component_kind)i));
		digest_to_hex(&c->digest, digest);
		display_field(d, label, "%s, %" PRIu64 " item%s, %" PRIu64 " byte%s", digest,
		    c->count, display_plural(c->count), c->size, display_plural(c->size));
	}
	hex_append(&hex, (struct view){b->boot_id, BOOT_ID_SIZE});
	if (buf_status(&hex) == ERR_OK)
		display_field(d, "  boot", "%.*s", SHOWN(buf_view(&hex)));
	display_field(d, "  nonce", "%s",
	    b->offline ? "none: gathered offline" : "of the signer: gathered when it asked");
	buf_free(&hex);
}

static void
show_chain(const struct report *r, const struct display *d)
{
	char time[UTC_TEXT_SIZE];

	display_line(d, "chain");
	display_field(d, "  sequence", "%" PRIu64, r->bundle.seq);
	show_digest(d, "  bundle", &r->bundle_digest);
	if (digest_is_zero(&r->bundle.prev))
		display_field(d, "  bundle before", "none");
	else
		show_digest(d, "  bundle before", &r->bundle.prev);
	if (r->has_previous)
		show_digest(d, "  report before", &r->previous);
	else
		display_field(d, "  report before", "none");
	if (r->has_signature)
		show_digest(d, "  signed by cert.", &r->certificate);
	if (r->last_signed_s != 0)
		display_field(d, "  last signed", "%s", utc_text(r->last_signed_s, time));
	else
		display_field(d, "  last signed", "never");
}

static void
show_digest(const struct display *d, const char *label, const struct digest *digest)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(digest, hex);
	display_field(d, label, "%s", hex);
}

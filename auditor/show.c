#include "auditor/show.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "auditor/tell/show_entry.h"
#include "log/inputfile.h"
#include "log/log_reader.h"
#include "log/receipt_check.h"
#include "log/signercert.h"
#include "log/stored/noticed.h"
#include "proto/tlog/tile.h"

static enum outcome read_receipt(const struct show_options *options, const struct display *d,
    struct buf *report, uint64_t *index);
static enum outcome read_beside(
    const char *path, const struct tlogproof *p, const struct display *d, struct buf *report);
static enum outcome read_log(
    const struct show_options *options, const struct display *d, struct buf *report);
static enum outcome show(
    const struct show_options *options, struct view bytes, const struct display *d, FILE *to);
static enum outcome show_made_from(const struct show_options *options, struct view bytes,
    struct evidence_reader *evidence, const struct display *d, FILE *to);

enum outcome
show_run(const struct show_options *options, FILE *to)
{
	/* Where the report itself is the output, everything else goes to stderr. */
	const struct display d = {.to = options->json ? stderr : to, .margin = ""};
	struct buf report = BUF_INIT;
	uint64_t index;
	enum outcome o = show_read(options, &d, &report, &index);

	if (o == OUTCOME_GOOD) {
		if (!options->json)
			display_field(&d, "index", "%" PRIu64 "%s", index,
			    options->file != NULL
				? ", says the receipt: shown as it stands, `verify` checks it"
				: ", proved to be in the log");
		o = show(options, buf_view(&report), &d, to);
	}
	buf_free(&report);
	return o;
}

enum outcome
show_read(
    const struct show_options *options, const struct display *d, struct buf *entry, uint64_t *index)
{
	*index = options->index;
	return options->file != NULL ? read_receipt(options, d, entry, index)
				     : read_log(options, d, entry);
}

void
show_read_notice(const struct show_options *options, const struct report *r, struct buf *notice)
{
	if (options->file == NULL && noticed_entry_in(options->log, r, notice) != ERR_OK)
		buf_clear(notice);
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
	struct seal_wanted wanted = {.origin = options->origin};
	struct log_reader l = {.dir = -1};
	enum outcome o;
	enum err e;

	if ((o = signercerts_load(options->certificates->value, options->certificates->count,
		 &aloud, &wanted.certificates)) != OUTCOME_GOOD) {
		signercerts_free(&wanted.certificates);
		return o;
	}
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
	signercerts_free(&wanted.certificates);
	return o;
}

static enum outcome
show(const struct show_options *options, struct view bytes, const struct display *d, FILE *to)
{
	const struct findings quiet = {.tell = NULL}, aloud = display_findings(d);
	const bool wants_measured = options->measured.findings || options->measured.components;
	struct evidence_reader *evidence = NULL;
	enum outcome o = OUTCOME_GOOD;

	if (options->evidence != NULL)
		o = evidence_reader_open(options->evidence, &quiet, &evidence);
	if (o != OUTCOME_GOOD)
		o = evidence_reader_open(options->evidence, &aloud, &evidence);
	if (o == OUTCOME_GOOD && !(wants_measured && options->json))
		o = show_entry(bytes, evidence, d, options->json ? to : NULL);
	if (o == OUTCOME_GOOD && wants_measured)
		o = show_made_from(options, bytes, evidence, d, to);
	evidence_reader_close(&evidence);
	return o;
}

/* In JSON the entry is the first member of one object. */
static enum outcome
show_made_from(const struct show_options *options, struct view bytes,
    struct evidence_reader *evidence, const struct display *d, FILE *to)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct show_measured_wanted wanted = options->measured;
	struct buf notice = BUF_INIT;
	struct json json = {.text = BUF_INIT};
	enum outcome o;
	enum err e =
	    entry_kind(bytes) == ENTRY_REPORT ? report_parse(bytes, &document) : ERR_UNSUPPORTED;

	if (e == ERR_OK && wanted.findings)
		show_read_notice(options, &document.report, &notice);
	wanted.notice = buf_view(&notice);
	if (e != ERR_OK) {
		o = display_step(d, "entry", outcome_of_error(e),
		    "expected a report, which alone has findings and components");
	} else if (!options->json) {
		o = show_measured(&document.report, evidence, &wanted, d, NULL);
	} else {
		json_open(&json, NULL, '{');
		json_members(&json, VIEW_LITERAL("\"entry\":"));
		buf_append_view(&json.text, bytes);
		o = show_measured(&document.report, evidence, &wanted, d, &json);
		json_close(&json, '{');
		if (!json_print(&json, to))
			o = display_step(d, "entry", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	}
	buf_free(&notice);
	report_document_free(&document);
	return o;
}

#include "auditor/show_two.h"

#include <inttypes.h>

#include "auditor/tell/show_difference.h"

/* A report, and the memory that it stands in. */
struct one {
	struct buf bytes, notice;
	struct report_document document;
	uint64_t index;
};

static enum outcome read_one(
    const struct show_options *options, const struct display *d, struct one *out);
static void free_one(struct one *o);
static enum outcome compare(const struct show_options *options, const struct one *a,
    const struct one *b, const struct display *d, FILE *to);

enum outcome
show_two_run(const struct show_options *a, const struct show_options *b, FILE *to)
{
	const struct display d = {.to = a->json ? stderr : to, .margin = ""};
	struct one first = {.document = REPORT_DOCUMENT_INIT};
	struct one second = {.document = REPORT_DOCUMENT_INIT};
	enum outcome o = read_one(a, &d, &first);

	if (o == OUTCOME_GOOD)
		o = read_one(b, &d, &second);
	if (o == OUTCOME_GOOD)
		o = compare(a, &first, &second, &d, to);
	free_one(&first);
	free_one(&second);
	return o;
}

static enum outcome
read_one(const struct show_options *options, const struct display *d, struct one *out)
{
	enum outcome o = show_read(options, d, &out->bytes, &out->index);
	enum entry_kind kind;
	struct view bytes;
	enum err e;

	if (o != OUTCOME_GOOD)
		return o;
	bytes = buf_view(&out->bytes);
	kind = entry_kind(bytes);
	if (kind == ENTRY_NOTICE || kind == ENTRY_ABSENCE)
		return display_step(d, "entry", OUTCOME_UNKNOWN,
		    "expected a report, found %s (entry %" PRIu64 "): only reports are compared",
		    kind == ENTRY_NOTICE ? "a notice" : "an absence", out->index);
	e = kind == ENTRY_REPORT ? report_parse(bytes, &out->document) : ERR_UNSUPPORTED;
	if (e != ERR_OK)
		return display_step(
		    d, "entry", outcome_of_error(e), "expected a report: %s", err_text(e));
	if (options->evidence != NULL)
		show_read_notice(options, &out->document.report, &out->notice);
	return OUTCOME_GOOD;
}

static void
free_one(struct one *o)
{
	report_document_free(&o->document);
	buf_free(&o->notice);
	buf_free(&o->bytes);
}

static enum outcome
compare(const struct show_options *options, const struct one *a, const struct one *b,
    const struct display *d, FILE *to)
{
	const struct findings aloud = display_findings(d), quiet = {.tell = NULL};
	struct compared_reports c = {.report = {&a->document.report, &b->document.report},
	    .index = {a->index, b->index},
	    .notice = {buf_view(&a->notice), buf_view(&b->notice)},
	    .full = options->full};
	struct json json = {.text = BUF_INIT};
	enum outcome o = OUTCOME_GOOD;

	if (options->evidence != NULL &&
	    evidence_reader_open(options->evidence, &quiet, &c.evidence) != OUTCOME_GOOD)
		o = evidence_reader_open(options->evidence, &aloud, &c.evidence);
	if (o == OUTCOME_GOOD && !options->json) {
		o = show_difference(&c, d, NULL);
	} else if (o == OUTCOME_GOOD) {
		json_open(&json, NULL, '{');
		o = show_difference(&c, d, &json);
		json_close(&json, '{');
		if (!json_print(&json, to))
			o = display_step(d, "entry", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	}
	evidence_reader_close(&c.evidence);
	return o;
}

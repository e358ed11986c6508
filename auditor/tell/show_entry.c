#include "auditor/tell/show_entry.h"

#include <inttypes.h>

#include "auditor/tell/show_report.h"
#include "proto/encoding.h"
#include "proto/json/json_extensions.h"
#include "proto/report/entry.h"
#include "proto/statement/statement.h"
#include "proto/utc.h"

static enum outcome show_kind(struct view bytes, struct evidence_reader *evidence,
    const struct display *d, const struct display *shown);
static enum outcome show_unknown(struct view bytes, const struct display *d);
static void show_start(const struct notice *n, const struct display *d);
static void show_manifest(
    const struct notice *n, struct evidence_reader *evidence, const struct display *d);
static void show_statement(
    const struct notice *n, struct evidence_reader *evidence, const struct display *d);
static void show_token(const struct token_seen *t, const struct display *d);
static void show_statement_text(struct view envelope, const struct display *d);
static void show_in_force(
    const struct notice *n, struct evidence_reader *evidence, const struct display *d);
static bool fetch(struct evidence_reader *evidence, enum pack_kind kind,
    const struct digest *digest, const struct display *d, struct buf *to);
static void show_lines(struct view text, const struct display *d);
static void show_extensions(struct view map, struct view known, const struct display *d);

/* What a view needs in a format of "%.*s". */
#define SHOWN(v) view_precision(v), (const char *)(v).data

enum outcome
show_entry(struct view bytes, struct evidence_reader *evidence, const struct display *d, FILE *raw)
{
	const struct display nowhere = {.to = NULL, .margin = ""};
	const enum outcome o = show_kind(bytes, evidence, d, raw != NULL ? &nowhere : d);

	/* In its one form an entry has no control characters: its bytes may go to a terminal. */
	if (o == OUTCOME_GOOD && raw != NULL) {
		(void)fwrite(bytes.data, 1, bytes.size, raw);
		(void)fputc('\n', raw);
	}
	return o;
}

void
show_absence(const struct absence *a, const struct display *d)
{
	char issued[UTC_TEXT_SIZE], due[UTC_TEXT_SIZE];

	display_line(d, "who");
	display_field(d, "  collector", "%.*s", SHOWN(a->collector));
	display_field(d, "  log", "%.*s", SHOWN(a->issuer));
	display_line(d, "when");
	display_field(d, "  issued", "%s", utc_text(a->issued_s, issued));
	display_line(d, "absent");
	for (size_t i = 0; i < a->count; i++) {
		const struct absence_workload *w = &a->absent[i];

		display_line(d, "  %-3zu %.*s: was due at %s", i + 1, SHOWN(w->workload),
		    utc_text(w->due_s, due));
		display_line(d, "      absence %" PRIu64 " since its newest report, entry %" PRIu64,
		    w->count, w->report);
		display_digest(d, "      entry before", &w->previous);
	}
	display_line(d, "chain");
	display_field(d, "  notice", "entry %" PRIu64 " is the newest before it", a->notice.index);
	show_extensions(a->extensions, (struct view){NULL, 0}, d);
}

void
show_notice(const struct notice *n, struct evidence_reader *evidence, const struct display *d)
{
	char issued[UTC_TEXT_SIZE], written[UTC_TEXT_SIZE];

	display_line(d, "notice");
	display_field(d, "  kind", "%.*s%s", SHOWN(notice_kind_name(n)),
	    n->kind == NOTICE_OTHER ? ", which is not known to this version" : "");
	display_field(d, "  log", "%.*s", SHOWN(n->issuer));
	display_field(d, "  issued", "%s", utc_text(n->issued_s, issued));
	switch (n->kind) {
	case NOTICE_START:
		show_start(n, d);
		break;
	case NOTICE_MANIFEST:
		show_manifest(n, evidence, d);
		break;
	case NOTICE_STATEMENT:
		show_statement(n, evidence, d);
		break;
	case NOTICE_KEY:
		display_digest(d, "  old key", &n->from);
		display_digest(d, "  new key", &n->to);
		break;
	case NOTICE_TOKEN:
		show_token(&n->token, d);
		break;
	case NOTICE_FEED:
		display_field(d, "  feed", "%.*s", SHOWN(n->name));
		display_digest(d, "  advisories", &n->sha256);
		display_field(d, "  written", "%s", utc_text(n->written_s, written));
		break;
	case NOTICE_OTHER:
		display_field(d, "  subject", "%.*s", SHOWN(n->subject));
		break;
	}
	show_in_force(n, evidence, d);
	display_line(d, "chain");
	if (n->has_previous)
		display_field(d, "  notice before", "entry %" PRIu64, n->previous.index);
	else
		display_field(d, "  notice before", "none: it begins the log");
	show_extensions(n->extensions, notice_known_extension(n), d);
}

/* What is wrong goes to `d`. */
static enum outcome
show_kind(struct view bytes, struct evidence_reader *evidence, const struct display *d,
    const struct display *shown)
{
	struct report_document report = REPORT_DOCUMENT_INIT;
	struct absence_document absence = ABSENCE_DOCUMENT_INIT;
	struct notice_document notice = NOTICE_DOCUMENT_INIT;
	enum err e = ERR_FORMAT;

	switch (entry_kind(bytes)) {
	case ENTRY_REPORT:
		if ((e = report_parse(bytes, &report)) == ERR_OK) {
			show_report(&report.report, shown);
			show_extensions(report.report.extensions, (struct view){NULL, 0}, shown);
		}
		break;
	case ENTRY_ABSENCE:
		if ((e = absence_parse(bytes, &absence)) == ERR_OK)
			show_absence(&absence.absence, shown);
		break;
	case ENTRY_NOTICE:
		if ((e = notice_parse(bytes, &notice)) == ERR_OK)
			show_notice(&notice.notice, evidence, shown);
		break;
	case ENTRY_UNKNOWN:
		e = ERR_UNSUPPORTED;
		break;
	case ENTRY_NONE:
		break;
	}
	report_document_free(&report);
	absence_document_free(&absence);
	notice_document_free(&notice);
	if (e == ERR_UNSUPPORTED)
		return show_unknown(bytes, d);
	return e == ERR_OK
		   ? OUTCOME_GOOD
		   : display_step(d, "entry", outcome_of_error(e),
			 "expected a report, an absence or a notice in its one valid form: %s",
			 err_text(e));
}

static enum outcome
show_unknown(struct view bytes, const struct display *d)
{
	(void)display_step(d, "entry", OUTCOME_UNKNOWN,
	    "of a kind or form that this version does not know; as it stands:");
	display_raw(d, "", bytes);
	return OUTCOME_UNKNOWN;
}

static void
show_start(const struct notice *n, const struct display *d)
{
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];
	struct digest transcript;

	display_field(d, "  cause", "%.*s%s", SHOWN(notice_cause_name(n)),
	    n->cause == NOTICE_CAUSE_OTHER ? ", which is not known to this version" : "");
	if (n->has_previous)
		display_field(d, "  no bundles", "from %s to %s, %" PRIu64 " s",
		    utc_text(n->from_s, from), utc_text(n->to_s, to), n->to_s - n->from_s);
	display_field(d, "  signer", "%.*s", SHOWN(n->build));
	if (notice_transcript(n, &transcript))
		display_digest(d, "  transcript", &transcript);
}

static void
show_manifest(const struct notice *n, struct evidence_reader *evidence, const struct display *d)
{
	struct buf text = BUF_INIT;

	display_digest(d, "  in force now", &n->sha256);
	if (n->approval_count == 0)
		display_field(d, "  rests on", "no approval");
	for (size_t i = 0; i < n->approval_count; i++)
		display_digest(d, i == 0 ? "  rests on" : "", &n->approval[i]);
	if (fetch(evidence, PACK_MANIFEST, &n->sha256, d, &text)) {
		display_line(d, "manifest");
		show_lines(buf_view(&text), d);
	}
	buf_free(&text);
}

static void
show_statement(const struct notice *n, struct evidence_reader *evidence, const struct display *d)
{
	const bool known = statement_kind_is_acted_on(statement_kind_from_name(n->statement_kind));
	struct buf envelope = BUF_INIT;

	display_field(d, "  statement", "%.*s%s", SHOWN(n->statement_kind),
	    known ? "" : ", on which this version does not act");
	display_digest(d, "  envelope", &n->sha256);
	display_digest(d, "  key", &n->key);
	display_field(d, "  number", "%" PRIu64, n->number);
	if (fetch(evidence, PACK_STATEMENT, &n->sha256, d, &envelope)) {
		display_line(d, "statement, as it was signed");
		show_statement_text(buf_view(&envelope), d);
	}
	buf_free(&envelope);
}

static void
show_token(const struct token_seen *t, const struct display *d)
{
	display_field(d, "  token", "'%.*s', %.*s %.*s", SHOWN(t->label), SHOWN(t->manufacturer),
	    SHOWN(t->model));
	display_field(d, "  serial", "%.*s", SHOWN(t->serial));
	display_field(d, "  firmware", "%.*s", SHOWN(t->firmware));
	display_digest(d, "  record", &t->record);
	for (size_t i = 0; i < t->change_count; i++)
		display_field(d, i == 0 ? "  not as before" : "",
		    "%.*s: %.*s, it was %.*s (change %" PRIu64 ")", SHOWN(t->change[i].what),
		    SHOWN(t->change[i].after), SHOWN(t->change[i].before), t->change[i].number);
	if (t->change_count == 0)
		display_field(
		    d, "  not as before", "nothing: it is told for the first time, or again");
}

static void
show_statement_text(struct view envelope, const struct display *d)
{
	struct statement_document *document;
	struct buf text = BUF_INIT;
	enum err e = statement_parse(envelope, &document);

	if (e != ERR_OK) {
		display_line(d, "  %s", err_text(e));
		return;
	}
	statement_print(statement_document_statement(document), &text);
	if (buf_status(&text) == ERR_OK)
		show_lines(buf_view(&text), d);
	statement_document_free(&document);
	buf_free(&text);
}

static void
show_in_force(const struct notice *n, struct evidence_reader *evidence, const struct display *d)
{
	struct buf list = BUF_INIT;

	display_line(d, "in force behind it");
	display_digest(d, "  list", &n->in_force);
	if (fetch(evidence, PACK_IN_FORCE, &n->in_force, d, &list))
		show_lines(buf_view(&list), d);
	buf_free(&list);
}

/* Says so where it is not there; nothing without evidence. */
static bool
fetch(struct evidence_reader *evidence, enum pack_kind kind, const struct digest *digest,
    const struct display *d, struct buf *to)
{
	enum err e = evidence != NULL ? evidence_reader_get(evidence, kind, digest, to) : ERR_OK;

	if (e != ERR_OK)
		display_line(d, "  its text: %s", err_text(e));
	return evidence != NULL && e == ERR_OK;
}

static void
show_lines(struct view text, const struct display *d)
{
	struct view line;

	while (line_next(&text, &line) == ERR_OK)
		display_raw(d, "  ", line);
}

static void
show_extensions(struct view map, struct view known, const struct display *d)
{
	struct view key, value;

	while (map.size > 0 && json_extensions_next(&map, &key, &value))
		if (!view_equal(key, known))
			display_field(d, "  extension",
			    "%.*s is not known to this version; it decides nothing: %.*s",
			    SHOWN(key), SHOWN(value));
}

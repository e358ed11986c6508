#include "register/alert/alert_source.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "log/evidence_reader.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "register/view/view_reader.h"
#include "register/view/view_sql.h"

/* Where a reading stands: the last change that was told. */
struct place {
	uint64_t entry, workload;
	uint64_t what;
	bool any;
};

struct alert_source {
	const char *view, *evidence;
	struct view_reader *reader;
	struct evidence_reader *statements;
	struct place told;
	struct notice_document notice;
};

/* A row of VIEW_CHANGES. */
enum column { ENTRY, WHAT, WORKLOAD, TIME, STATE, BYTES };

static enum err read_changes(struct alert_source *s, struct peers *peers, bool *more);
static bool was_told(const struct place *told, const struct place *at);
static enum err tell(struct alert_source *s, struct peers *peers, sqlite3_stmt *row);
static enum err tell_notice(
    struct alert_source *s, struct peers *peers, sqlite3_stmt *row, const struct fact *f);
static enum err tell_statement(
    struct alert_source *s, struct peers *peers, const struct notice *n, const struct fact *f);
static enum err tell_retired(struct alert_source *s, struct peers *peers,
    const struct statement *statement, const struct fact *f);
static enum err fetch(struct alert_source *s, const struct digest *name, struct buf *to);
static enum err read_workload(sqlite3_stmt *row, struct fact *f);
static enum err tell_state(
    struct alert_source *s, struct peers *peers, uint64_t n, const struct fact *f);
static bool is_checked(const json_t *body);
static enum err parse_state(const json_t *body, struct fact_state *out);
static enum err tell_time(struct alert_source *s, struct peers *peers);

struct alert_source *
alert_source_new(const char *view, const char *evidence)
{
	struct alert_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->view = view;
	s->evidence = evidence;
	return s;
}

void
alert_source_free(struct alert_source **sp)
{
	struct alert_source *s = *sp;

	if (s == NULL)
		return;
	view_reader_close(&s->reader);
	evidence_reader_close(&s->statements);
	notice_document_free(&s->notice);
	free(s);
	*sp = NULL;
}

enum err
alert_source_read(struct alert_source *s, struct peers *peers, bool *more, bool *anew)
{
	enum err e;

	*more = *anew = false;
	if (s->reader != NULL && !view_reader_is_current(s->reader))
		view_reader_close(&s->reader);
	if (s->reader == NULL) {
		if ((e = view_reader_open(s->view, &s->reader)) != ERR_OK)
			return e;
		*anew = s->told.any;
		s->told = (struct place){0};
		if (*anew)
			return ERR_OK;
	}
	if ((e = view_reader_begin(s->reader)) != ERR_OK)
		return e;
	if ((e = read_changes(s, peers, more)) == ERR_OK && !*more)
		e = tell_time(s, peers);
	view_reader_end(s->reader);
	return e;
}

static enum err
read_changes(struct alert_source *s, struct peers *peers, bool *more)
{
	sqlite3_stmt *rows = view_reader_ask(s->reader, VIEW_CHANGES);
	unsigned count = 0;
	enum err e = ERR_OK;

	if (rows == NULL)
		return ERR_IO;
	view_sql_bind(rows, "ii", s->told.entry, (uint64_t)ALERT_SOURCE_CHANGES);
	while (e == ERR_OK && view_sql_next(rows, &e)) {
		const struct place at = {.entry = view_sql_number(rows, ENTRY),
		    .what = view_sql_number(rows, WHAT),
		    .workload = view_sql_number(rows, WORKLOAD),
		    .any = true};

		count++;
		if (was_told(&s->told, &at))
			continue;
		if ((e = tell(s, peers, rows)) == ERR_OK)
			s->told = at;
	}
	(void)sqlite3_reset(rows);
	*more = count == ALERT_SOURCE_CHANGES;
	return e;
}

static bool
was_told(const struct place *told, const struct place *at)
{
	if (!told->any || at->entry != told->entry)
		return false;
	return at->what != told->what ? at->what < told->what : at->workload <= told->workload;
}

static enum err
tell(struct alert_source *s, struct peers *peers, sqlite3_stmt *row)
{
	struct fact f = {
	    .entry = view_sql_number(row, ENTRY), .time_s = view_sql_number(row, TIME)};
	const struct view bytes = view_sql_view(row, BYTES);
	sqlite3_stmt *workload;
	enum err e = ERR_OK;

	if (view_sql_number(row, WHAT) == CHANGE_NOTICE)
		return tell_notice(s, peers, row, &f);
	if ((workload = view_reader_ask(s->reader, VIEW_WORKLOAD_BY_N)) == NULL)
		return ERR_IO;
	view_sql_bind(workload, "i", view_sql_number(row, WORKLOAD));
	if ((e = read_workload(workload, &f)) != ERR_OK)
		return e;
	switch ((enum view_change)view_sql_number(row, WHAT)) {
	case CHANGE_STATE:
		return tell_state(s, peers, view_sql_number(row, STATE), &f);
	case CHANGE_BOOT:
		return bytes.size == BOOT_ID_SIZE ? peers_boot(peers, &f, bytes.data) : ERR_FORMAT;
	case CHANGE_LEFT:
	case CHANGE_SILENT:
		return peers_away(peers, &f);
	case CHANGE_NOTICE:
		break;
	}
	return ERR_FORMAT;
}

/* Its names lie in the statement's row, until it is asked again. */
static enum err
read_workload(sqlite3_stmt *row, struct fact *f)
{
	enum err e = ERR_OK;

	if (!view_sql_next(row, &e))
		return e != ERR_OK ? e : ERR_FORMAT;
	f->workload = view_sql_number(row, WORKLOAD_N);
	f->host = view_sql_number(row, WORKLOAD_HOST);
	f->collector = view_sql_view(row, WORKLOAD_COLLECTOR);
	f->name = view_sql_view(row, WORKLOAD_NAME);
	return ERR_OK;
}

static enum err
tell_notice(struct alert_source *s, struct peers *peers, sqlite3_stmt *row, const struct fact *f)
{
	const struct notice *n;

	/* One that a later version understands was no fact for the one before it either. */
	if (notice_parse(view_sql_view(row, BYTES), &s->notice) != ERR_OK)
		return ERR_OK;
	n = &s->notice.notice;
	if (n->kind == NOTICE_MANIFEST)
		return peers_policy(peers, f->entry, f->time_s);
	return n->kind == NOTICE_STATEMENT ? tell_statement(s, peers, n, f) : ERR_OK;
}

static enum err
tell_statement(
    struct alert_source *s, struct peers *peers, const struct notice *n, const struct fact *f)
{
	struct statement_document *document = NULL;
	const struct statement *statement;
	struct buf bytes = BUF_INIT;
	enum err e;

	if (s->evidence == NULL)
		return ERR_OK;
	if ((e = fetch(s, &n->sha256, &bytes)) == ERR_OK)
		e = statement_parse(buf_view(&bytes), &document);
	if (e == ERR_OK) {
		statement = statement_document_statement(document);
		e = statement_kind(statement) == STATEMENT_RETIRE
			? tell_retired(s, peers, statement, f)
			: peers_statement(peers, f->entry, f->time_s, &n->sha256, statement);
	}
	statement_document_free(&document);
	buf_free(&bytes);
	return e;
}

static enum err
tell_retired(struct alert_source *s, struct peers *peers, const struct statement *statement,
    const struct fact *f)
{
	sqlite3_stmt *row = view_reader_ask(s->reader, VIEW_WORKLOAD);
	struct fact gone = *f;
	enum err e;

	if (row == NULL)
		return ERR_IO;
	view_sql_bind(row, "tt", statement_value(statement, "collector"),
	    statement_value(statement, "workload"));
	e = read_workload(row, &gone);
	return e == ERR_FORMAT ? ERR_OK : e != ERR_OK ? e : peers_away(peers, &gone);
}

/* It was there when the log was followed: without it the notice would not have counted. */
static enum err
fetch(struct alert_source *s, const struct digest *name, struct buf *to)
{
	const struct findings quiet = {.tell = NULL};
	bool more;
	enum outcome o;

	o = s->statements == NULL ? evidence_reader_open(s->evidence, &quiet, &s->statements)
				  : evidence_reader_update(s->statements, &quiet, &more);
	if (s->statements == NULL || o == OUTCOME_UNKNOWN)
		return ERR_IO;
	return evidence_reader_get(s->statements, PACK_STATEMENT, name, to);
}

static enum err
tell_state(struct alert_source *s, struct peers *peers, uint64_t n, const struct fact *f)
{
	sqlite3_stmt *row = view_reader_ask(s->reader, VIEW_STATE);
	struct fact_state state = {.affirming = false};
	json_t *body = NULL;
	enum err e = ERR_OK;

	if (row == NULL)
		return ERR_IO;
	view_sql_bind(row, "i", n);
	if (view_sql_next(row, &e)) {
		const struct view text = view_sql_view(row, 2);

		body = json_loadb((const char *)text.data, text.size, 0, NULL);
		state.affirming = view_sql_number(row, 0) == REPORT_AFFIRMING;
	}
	if (e == ERR_OK)
		e = body != NULL ? parse_state(body, &state) : ERR_FORMAT;
	if (e == ERR_OK && is_checked(body))
		e = peers_state(peers, f, &state);
	(void)sqlite3_reset(row);
	json_decref(body);
	return e;
}

/* What a signer says that does not follow is an alarm, and no fact. */
static bool
is_checked(const json_t *body)
{
	const char *checked = json_string_value(json_object_get(body, "checked"));

	return checked != NULL && strcmp(checked, "good") == 0;
}

static enum err
parse_state(const json_t *body, struct fact_state *out)
{
	const json_t *group = json_object_get(body, "group");
	const json_t *components = json_object_get(body, "components");

	if (group != NULL)
		out->group = (struct view){
		    (const uint8_t *)json_string_value(group), json_string_length(group)};
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const json_t *sha256 = json_object_get(
		    json_object_get(components, component_kind_name((enum component_kind)k)),
		    "sha256");
		const struct view hex = {
		    (const uint8_t *)json_string_value(sha256), json_string_length(sha256)};

		if (sha256 == NULL)
			continue;
		if (digest_from_hex(hex, &out->component[k]) != ERR_OK)
			return ERR_FORMAT;
		out->present[k] = true;
	}
	return ERR_OK;
}

/* How far the log is: also where nothing changed. */
static enum err
tell_time(struct alert_source *s, struct peers *peers)
{
	sqlite3_stmt *row = view_reader_ask(s->reader, VIEW_LOG);
	uint64_t newest_s = 0;
	enum err e = ERR_OK;

	if (row == NULL)
		return ERR_IO;
	if (view_sql_next(row, &e))
		newest_s = view_sql_number(row, 4);
	(void)sqlite3_reset(row);
	return e != ERR_OK || newest_s == 0 ? e : peers_time(peers, newest_s);
}

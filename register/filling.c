#include "register/filling.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "register/view/view_reader.h"
#include "register/view/view_sql.h"

/* What is stated is shared by many workloads: the one that was read last. */
struct stated {
	uint64_t n;
	enum report_status status;
	bool good;
	json_t *body;
	char why[DECIDED_WHY_MAX];
};

static enum err fill(struct view_reader *reader, unsigned log, struct decided_table *table);
static enum err fill_images(struct view_reader *reader, unsigned log, struct decided_table *table);
static enum err read_state(struct view_reader *reader, uint64_t n, struct stated *to);
static void put(
    struct decided_table *table, unsigned log, sqlite3_stmt *row, const struct stated *stated);
static struct view member(const json_t *object, const char *name);

void
filling_read(const struct register_config *config, unsigned log, struct decided_table *table)
{
	const char *name = config->logs[log].name;
	struct view_reader *reader = NULL;
	struct buf path = BUF_INIT;
	enum err e;

	buf_append_format(&path, "%s/%s/view.db", config->state_directory, name);
	buf_append_byte(&path, '\0');
	e = buf_status(&path);
	if (e == ERR_OK)
		e = view_reader_open((const char *)path.data, &reader);
	if (e == ERR_OK && (e = view_reader_begin(reader)) == ERR_OK) {
		if ((e = fill(reader, log, table)) == ERR_OK)
			e = fill_images(reader, log, table);
		view_reader_end(reader);
	}
	if (e == ERR_OK)
		decided_filled(table, log);
	else if (e != ERR_NOT_FOUND)
		logger_say(LOGGER_WARNING, "decisions-unfilled",
		    "%s: what its view holds is not decided by until it is heard of again: %s",
		    name, err_text(e));
	view_reader_close(&reader);
	buf_free(&path);
}

static enum err
fill(struct view_reader *reader, unsigned log, struct decided_table *table)
{
	sqlite3_stmt *rows = view_reader_ask(reader, VIEW_WORKLOADS);
	struct stated stated = {0};
	enum err e = ERR_OK;

	if (rows == NULL)
		return ERR_IO;
	view_sql_bind(rows, "i", UINT64_C(0));
	while (e == ERR_OK && view_sql_next(rows, &e)) {
		const uint64_t n = view_sql_number(rows, WORKLOAD_STATE);

		if (n == 0)
			continue; /* nothing was stated of it yet */
		if (n != stated.n)
			e = read_state(reader, n, &stated);
		if (e == ERR_OK)
			put(table, log, rows, &stated);
	}
	(void)sqlite3_reset(rows);
	json_decref(stated.body);
	return e;
}

/* Those with the newest reports first: more than the table takes may be in the view. */
static enum err
fill_images(struct view_reader *reader, unsigned log, struct decided_table *table)
{
	sqlite3_stmt *rows = view_reader_ask(reader, VIEW_IMAGES);
	struct stated stated = {0};
	enum err e = ERR_OK;

	if (rows == NULL)
		return ERR_IO;
	while (e == ERR_OK && view_sql_next(rows, &e)) {
		const uint64_t n = view_sql_number(rows, 6);
		struct digest image;
		struct decided_row r = {.log = log, .report = true, .image = &image};

		if (n != stated.n && (e = read_state(reader, n, &stated)) != ERR_OK)
			break;
		view_sql_digest(rows, 0, &image);
		r.index = view_sql_number(rows, 1);
		r.issued_s = view_sql_number(rows, 2);
		r.expires_s = view_sql_number(rows, 3);
		r.due_s = view_sql_number(rows, 4);
		r.leaving = view_sql_number(rows, 5) != 0;
		r.good = stated.good;
		r.status = stated.status;
		r.group = member(stated.body, "group");
		r.why = view_of_string(stated.why);
		decided_put_image(table, &r);
	}
	(void)sqlite3_reset(rows);
	json_decref(stated.body);
	return e;
}

static enum err
read_state(struct view_reader *reader, uint64_t n, struct stated *to)
{
	sqlite3_stmt *s = view_reader_ask(reader, VIEW_STATE);
	enum err e = ERR_OK;
	struct view body, kind, code;
	const json_t *finding;

	json_decref(to->body);
	*to = (struct stated){.n = n};
	if (s == NULL)
		return ERR_IO;
	view_sql_bind(s, "i", n);
	if (!view_sql_next(s, &e))
		return e != ERR_OK ? e : ERR_FORMAT;
	to->status = (enum report_status)view_sql_number(s, 0);
	body = view_sql_view(s, 2);
	to->body = json_loadb((const char *)body.data, body.size, 0, NULL);
	(void)sqlite3_reset(s);
	if (to->body == NULL)
		return ERR_FORMAT;
	to->good = view_equal(member(to->body, "checked"), VIEW_LITERAL("good"));
	finding = json_array_get(json_object_get(to->body, "findings"), 0);
	kind = member(finding, "kind");
	code = member(finding, "code");
	if (finding != NULL)
		(void)snprintf(to->why, sizeof(to->why), "%.*s %.*s", view_precision(kind),
		    (const char *)kind.data, view_precision(code), (const char *)code.data);
	return ERR_OK;
}

static void
put(struct decided_table *table, unsigned log, sqlite3_stmt *row, const struct stated *stated)
{
	const uint64_t silent = view_sql_number(row, WORKLOAD_SILENT_ENTRY);
	struct decided_row r = {.log = log,
	    .collector = view_sql_view(row, WORKLOAD_COLLECTOR),
	    .workload = view_sql_view(row, WORKLOAD_NAME),
	    .index = view_sql_number(row, WORKLOAD_LAST_ENTRY),
	    .issued_s = view_sql_number(row, WORKLOAD_LAST_S),
	    .report = true,
	    .leaving = view_sql_number(row, WORKLOAD_LEFT) != 0,
	    .good = stated->good,
	    .expires_s = view_sql_number(row, WORKLOAD_EXPIRES_S),
	    .due_s = view_sql_number(row, WORKLOAD_DUE_S),
	    .status = stated->status,
	    .group = member(stated->body, "group"),
	    .why = view_of_string(stated->why)};

	decided_put(table, &r);
	if (silent > r.index) {
		r.report = false;
		r.index = silent;
		decided_put(table, &r);
	}
}

static struct view
member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) ? view_of_string(json_string_value(value))
				     : (struct view){NULL, 0};
}

#include "register/tell/event_store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"

/* The other process writes for moments only. */
#define BUSY_MS 10000

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	GET_LOG,
	PUT_LOG,
	EACH_HEAD,
	PUT_HEAD,
	ADD,
	NEXT,
	FIND,
	NEWEST,
	GET_WHOM,
	PUT_WHOM,
	PUT_DELIVERY,
	LEAST_WANTED,
	THIN_DELIVERIES,
	THIN_EVENTS,
	STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [GET_LOG] = "SELECT taken, epoch FROM log WHERE name = ?1",
    [PUT_LOG] = "INSERT OR REPLACE INTO log (name, taken, epoch) VALUES (?1, ?2, ?3)",
    [EACH_HEAD] = "SELECT collector, workload, status, silent FROM head WHERE log = ?1",
    [PUT_HEAD] = "INSERT OR REPLACE INTO head (log, collector, workload, status, silent)"
		 " VALUES (?1, ?2, ?3, ?4, ?5)",
    [ADD] = "INSERT INTO event (id, kind, log, workload, json, at_s) VALUES"
	    " (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
    [NEXT] = "SELECT number, kind, id, log, workload, json FROM event WHERE number > ?1"
	     " ORDER BY number LIMIT 1",
    [FIND] = "SELECT number FROM event WHERE id = ?1",
    [NEWEST] = "SELECT ifnull(max(number), 0) FROM event",
    [GET_WHOM] = "SELECT number FROM whom WHERE name = ?1",
    [PUT_WHOM] = "INSERT OR REPLACE INTO whom (name, number) VALUES (?1, ?2)",
    [PUT_DELIVERY] = "INSERT OR REPLACE INTO delivery (whom, number, tries, at_s)"
		     " VALUES (?1, ?2, ?3, ?4)",
    [LEAST_WANTED] = "SELECT number FROM whom WHERE name = ?1",
    [THIN_DELIVERIES] = "DELETE FROM delivery WHERE number IN"
			" (SELECT number FROM event WHERE number <= ?1 AND at_s < ?2)",
    [THIN_EVENTS] = "DELETE FROM event WHERE number <= ?1 AND at_s < ?2",
};

/*
 * AUTOINCREMENT: a number is given once, also where the newest events are gone. FULL: a commit is
 * on the disk when it returns.
 */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, log TEXT NOT NULL, workload TEXT NOT NULL,"
    " json BLOB NOT NULL, at_s INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS log (name TEXT PRIMARY KEY, taken INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS head (log TEXT NOT NULL, collector TEXT NOT NULL,"
    " workload TEXT NOT NULL, status INTEGER NOT NULL, silent INTEGER NOT NULL,"
    " PRIMARY KEY (log, collector, workload)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS whom (name TEXT PRIMARY KEY, number INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS delivery (whom TEXT NOT NULL, number INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, at_s INTEGER NOT NULL, PRIMARY KEY (whom, number)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS delivery_by_number ON delivery (number);";

struct event_store {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	struct buf row; /* the event that was read last */
};

static enum err copy_row(struct event_store *s, sqlite3_stmt *row, struct event_row *out);
static enum err run(struct event_store *s, enum statement which);
static enum err fetch(struct event_store *s, enum statement which);
static enum err fetch_number(struct event_store *s, enum statement which, uint64_t *number);
static enum err failed(struct event_store *s, const char *call);
static sqlite3_stmt *ready(struct event_store *s, enum statement which);
static void bind_view(sqlite3_stmt *s, int place, struct view v);
static struct view column_view(sqlite3_stmt *s, int column);

enum err
event_store_open(const char *path, struct event_store **out)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	struct event_store *s = calloc(1, sizeof(*s));
	enum err e = ERR_OK;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(s->db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		e = failed(s, "open");
	for (unsigned i = 0; e == ERR_OK && i < STATEMENTS; i++)
		if (sqlite3_prepare_v2(s->db, sql[i], -1, &s->statement[i], NULL) != SQLITE_OK)
			e = failed(s, sql[i]);
	if (e != ERR_OK)
		event_store_close(&s);
	*out = s;
	return e;
}

void
event_store_close(struct event_store **sp)
{
	struct event_store *s = *sp;

	if (s == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statement[i]);
	sqlite3_close(s->db);
	buf_free(&s->row);
	free(s);
	*sp = NULL;
}

enum err
event_store_log(struct event_store *s, const char *log, struct event_log_state *out)
{
	sqlite3_stmt *get = ready(s, GET_LOG);
	enum err e;

	memset(out, 0, sizeof(*out));
	bind_view(get, 1, view_of_string(log));
	if ((e = fetch(s, GET_LOG)) == ERR_OK) {
		out->taken = (uint64_t)sqlite3_column_int64(get, 0);
		out->epoch = (uint64_t)sqlite3_column_int64(get, 1);
	}
	sqlite3_reset(get);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
event_store_each_head(struct event_store *s, const char *log,
    enum err (*head)(void *context, const struct event_head *h), void *context)
{
	sqlite3_stmt *each = ready(s, EACH_HEAD);
	struct event_head h;
	enum err e = ERR_OK;

	bind_view(each, 1, view_of_string(log));
	while (e == ERR_OK && (e = fetch(s, EACH_HEAD)) == ERR_OK) {
		h.collector = column_view(each, 0);
		h.workload = column_view(each, 1);
		h.status = (uint8_t)sqlite3_column_int(each, 2);
		h.silent = sqlite3_column_int(each, 3) != 0;
		e = head(context, &h);
	}
	sqlite3_reset(each);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
event_store_begin(struct event_store *s)
{
	return run(s, BEGIN);
}

enum err
event_store_commit(struct event_store *s)
{
	return run(s, COMMIT);
}

void
event_store_rollback(struct event_store *s)
{
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)run(s, ROLLBACK);
}

enum err
event_store_add(struct event_store *s, const struct event_row *row, uint64_t now_s)
{
	sqlite3_stmt *add = ready(s, ADD);

	bind_view(add, 1, row->id);
	sqlite3_bind_int(add, 2, (int)row->kind);
	bind_view(add, 3, row->log);
	bind_view(add, 4, row->workload);
	sqlite3_bind_blob(add, 5, row->json.data, (int)row->json.size, SQLITE_STATIC);
	sqlite3_bind_int64(add, 6, (sqlite3_int64)now_s);
	return run(s, ADD);
}

enum err
event_store_put_head(struct event_store *s, const char *log, const struct event_head *h)
{
	sqlite3_stmt *put = ready(s, PUT_HEAD);

	bind_view(put, 1, view_of_string(log));
	bind_view(put, 2, h->collector);
	bind_view(put, 3, h->workload);
	sqlite3_bind_int(put, 4, h->status);
	sqlite3_bind_int(put, 5, h->silent);
	return run(s, PUT_HEAD);
}

enum err
event_store_put_log(struct event_store *s, const char *log, const struct event_log_state *state)
{
	sqlite3_stmt *put = ready(s, PUT_LOG);

	bind_view(put, 1, view_of_string(log));
	sqlite3_bind_int64(put, 2, (sqlite3_int64)state->taken);
	sqlite3_bind_int64(put, 3, (sqlite3_int64)state->epoch);
	return run(s, PUT_LOG);
}

enum err
event_store_next(struct event_store *s, uint64_t number, struct event_row *out)
{
	sqlite3_stmt *next = ready(s, NEXT);
	enum err e;

	memset(out, 0, sizeof(*out));
	if (number > INT64_MAX)
		return ERR_NOT_FOUND;
	sqlite3_bind_int64(next, 1, (sqlite3_int64)number);
	if ((e = fetch(s, NEXT)) == ERR_OK) {
		out->number = (uint64_t)sqlite3_column_int64(next, 0);
		out->kind = (enum event_kind)sqlite3_column_int(next, 1);
		e = copy_row(s, next, out);
	}
	sqlite3_reset(next);
	return e;
}

enum err
event_store_find(struct event_store *s, struct view id, uint64_t *number)
{
	bind_view(ready(s, FIND), 1, id);
	return fetch_number(s, FIND, number);
}

enum err
event_store_newest(struct event_store *s, uint64_t *number)
{
	(void)ready(s, NEWEST);
	return fetch_number(s, NEWEST, number);
}

enum err
event_store_acknowledged(struct event_store *s, const char *whom, uint64_t behind, uint64_t *number)
{
	enum err e;

	bind_view(ready(s, GET_WHOM), 1, view_of_string(whom));
	if ((e = fetch_number(s, GET_WHOM, number)) != ERR_NOT_FOUND)
		return e;
	*number = behind;
	return event_store_pass(s, whom, behind);
}

enum err
event_store_acknowledge(
    struct event_store *s, const char *whom, uint64_t number, uint64_t tries, uint64_t now_s)
{
	sqlite3_stmt *put = ready(s, PUT_WHOM), *delivery = ready(s, PUT_DELIVERY);
	enum err e = run(s, BEGIN);

	bind_view(put, 1, view_of_string(whom));
	sqlite3_bind_int64(put, 2, (sqlite3_int64)number);
	bind_view(delivery, 1, view_of_string(whom));
	sqlite3_bind_int64(delivery, 2, (sqlite3_int64)number);
	sqlite3_bind_int64(delivery, 3, (sqlite3_int64)tries);
	sqlite3_bind_int64(delivery, 4, (sqlite3_int64)now_s);
	if (e == ERR_OK && (e = run(s, PUT_WHOM)) == ERR_OK && (e = run(s, PUT_DELIVERY)) == ERR_OK)
		e = run(s, COMMIT);
	if (e != ERR_OK)
		event_store_rollback(s);
	return e;
}

enum err
event_store_pass(struct event_store *s, const char *whom, uint64_t number)
{
	sqlite3_stmt *put = ready(s, PUT_WHOM);

	bind_view(put, 1, view_of_string(whom));
	sqlite3_bind_int64(put, 2, (sqlite3_int64)number);
	return run(s, PUT_WHOM);
}

enum err
event_store_thin(struct event_store *s, const char *const *whom, size_t count, uint64_t now_s)
{
	static const enum statement both[] = {THIN_DELIVERIES, THIN_EVENTS};
	uint64_t least, one;
	enum err e = event_store_newest(s, &least);

	if (now_s < EVENT_KEPT_S)
		return ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		bind_view(ready(s, LEAST_WANTED), 1, view_of_string(whom[i]));
		if ((e = fetch_number(s, LEAST_WANTED, &one)) == ERR_OK && one < least)
			least = one;
		if (e == ERR_NOT_FOUND) { /* he has not begun: all of it waits for him */
			least = 0;
			e = ERR_OK;
		}
	}
	if (e == ERR_OK)
		e = run(s, BEGIN);
	for (size_t i = 0; e == ERR_OK && i < sizeof(both) / sizeof(both[0]); i++) {
		sqlite3_stmt *thin = ready(s, both[i]);

		sqlite3_bind_int64(thin, 1, (sqlite3_int64)least);
		sqlite3_bind_int64(thin, 2, (sqlite3_int64)(now_s - EVENT_KEPT_S));
		e = run(s, both[i]);
	}
	if (e == ERR_OK)
		e = run(s, COMMIT);
	if (e != ERR_OK)
		event_store_rollback(s);
	return e;
}

/* A statement that is not reset keeps its view of the database: nothing could be written then. */
static enum err
copy_row(struct event_store *s, sqlite3_stmt *row, struct event_row *out)
{
	struct view *const to[] = {&out->id, &out->log, &out->workload, &out->json};
	size_t at = 0;

	buf_clear(&s->row);
	for (int i = 0; i < 4; i++) {
		*to[i] = column_view(row, 2 + i);
		buf_append_view(&s->row, *to[i]);
	}
	for (int i = 0; i < 4; at += to[i]->size, i++)
		to[i]->data = s->row.data + at;
	return buf_status(&s->row);
}

static enum err
run(struct event_store *s, enum statement which)
{
	const int status = sqlite3_step(s->statement[which]);
	const enum err e = status == SQLITE_DONE ? ERR_OK : failed(s, sql[which]);

	sqlite3_reset(s->statement[which]);
	return e;
}

/* The row stays until the statement is reset. */
static enum err
fetch(struct event_store *s, enum statement which)
{
	const int status = sqlite3_step(s->statement[which]);

	if (status == SQLITE_ROW)
		return ERR_OK;
	return status == SQLITE_DONE ? ERR_NOT_FOUND : failed(s, sql[which]);
}

static enum err
fetch_number(struct event_store *s, enum statement which, uint64_t *number)
{
	enum err e = fetch(s, which);

	if (e == ERR_OK)
		*number = (uint64_t)sqlite3_column_int64(s->statement[which], 0);
	sqlite3_reset(s->statement[which]);
	return e;
}

static enum err
failed(struct event_store *s, const char *call)
{
	logger_say(LOGGER_ERROR, "events-failed", "the database of events: %.60s: %s", call,
	    sqlite3_errmsg(s->db));
	return ERR_IO;
}

static sqlite3_stmt *
ready(struct event_store *s, enum statement which)
{
	sqlite3_reset(s->statement[which]);
	return s->statement[which];
}

/* What it views outlives the step. */
static void
bind_view(sqlite3_stmt *s, int place, struct view v)
{
	sqlite3_bind_text(
	    s, place, v.size > 0 ? (const char *)v.data : "", (int)v.size, SQLITE_STATIC);
}

static struct view
column_view(sqlite3_stmt *s, int column)
{
	const void *data = sqlite3_column_blob(s, column);

	return (struct view){data, data != NULL ? (size_t)sqlite3_column_bytes(s, column) : 0};
}

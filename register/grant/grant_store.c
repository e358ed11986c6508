#include "register/grant/grant_store.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "register/view/view_sql.h"

#define BUSY_MS 5000 /* somebody's backup may hold the file for a moment */

enum statement { COUNT, COUNT_ALL, GIVE, NEWEST, SET_ALARMED, IS_ALARMED, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [COUNT] = "SELECT count(*) FROM given WHERE log = ?1 AND peers = ?2 AND time_s > ?3",
    [COUNT_ALL] = "SELECT count(*) FROM given WHERE time_s > ?1",
    [GIVE] = "INSERT OR IGNORE INTO given VALUES (?1, ?2, ?3, ?4, ?5)",
    [NEWEST] = "SELECT coalesce(max(number), 0) FROM given",
    [SET_ALARMED] = "INSERT OR REPLACE INTO alarmed VALUES (?1, ?2)",
    [IS_ALARMED] = "SELECT alarmed FROM alarmed WHERE log = ?1",
};

/* FULL: a commit is on the disk when it returns. */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS given (number INTEGER PRIMARY KEY, time_s INTEGER NOT NULL,"
    " event TEXT NOT NULL UNIQUE, log TEXT NOT NULL, peers TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS given_of ON given (log, peers, time_s);"
    "CREATE TABLE IF NOT EXISTS alarmed (log TEXT PRIMARY KEY, alarmed INTEGER NOT NULL)"
    " WITHOUT ROWID;";

struct grant_store {
	sqlite3 *db;
	sqlite3_stmt *s[STATEMENTS];
};

static enum err ask_number(sqlite3_stmt *s, uint64_t *number);

enum err
grant_store_open(const char *path, struct grant_store **out)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	struct grant_store *s = calloc(1, sizeof(*s));
	enum err e = ERR_OK;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(s->db, BUSY_MS) != SQLITE_OK) {
		view_sql_failed(s->db, path);
		e = ERR_IO;
	}
	if (e == ERR_OK)
		e = view_sql_execute(s->db, schema);
	for (unsigned i = 0; e == ERR_OK && i < STATEMENTS; i++)
		e = view_sql_prepare(s->db, sql[i], &s->s[i]);
	if (e != ERR_OK)
		grant_store_close(&s);
	*out = s;
	return e;
}

void
grant_store_close(struct grant_store **sp)
{
	struct grant_store *s = *sp;

	if (s == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->s[i]);
	sqlite3_close(s->db);
	free(s);
	*sp = NULL;
}

enum err
grant_store_count(
    struct grant_store *s, const struct grant_given *like, uint64_t since_s, uint64_t *count)
{
	view_sql_bind(s->s[COUNT], "tti", like->log, like->peers, since_s);
	return ask_number(s->s[COUNT], count);
}

enum err
grant_store_count_all(struct grant_store *s, uint64_t since_s, uint64_t *count)
{
	view_sql_bind(s->s[COUNT_ALL], "i", since_s);
	return ask_number(s->s[COUNT_ALL], count);
}

/* Numbers follow the clock, so that a store that is lost gives none again. */
enum err
grant_store_give(struct grant_store *s, struct grant_given *g)
{
	uint64_t newest;
	enum err e = ask_number(s->s[NEWEST], &newest);

	if (e != ERR_OK)
		return e;
	g->number = g->time_s * 1000 > newest ? g->time_s * 1000 : newest + 1;
	view_sql_bind(s->s[GIVE], "iittt", g->number, g->time_s, g->event, g->log, g->peers);
	e = view_sql_run(s->s[GIVE]);
	return e == ERR_OK && sqlite3_changes(s->db) == 0 ? ERR_NOT_FOUND : e;
}

enum err
grant_store_set_alarmed(struct grant_store *s, struct view log, bool alarmed)
{
	view_sql_bind(s->s[SET_ALARMED], "ti", log, (uint64_t)alarmed);
	return view_sql_run(s->s[SET_ALARMED]);
}

enum err
grant_store_is_alarmed(struct grant_store *s, struct view log, bool *alarmed)
{
	uint64_t number;
	enum err e;

	view_sql_bind(s->s[IS_ALARMED], "t", log);
	e = ask_number(s->s[IS_ALARMED], &number);
	*alarmed = number != 0;
	return e;
}

/* Of the only row; 0 where there is none. */
static enum err
ask_number(sqlite3_stmt *s, uint64_t *number)
{
	enum err e = ERR_OK;

	*number = view_sql_next(s, &e) ? view_sql_number(s, 0) : 0;
	(void)sqlite3_reset(s);
	return e;
}

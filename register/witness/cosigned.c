#include "register/witness/cosigned.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"

/* Somebody's query or backup may hold the file for a moment. */
#define BUSY_MS 5000

enum statement { FIND_NEWEST, FIND_COVERING, PUT, THIN, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [FIND_NEWEST] = "SELECT size, root, time_s FROM cosigned WHERE origin = ?1"
		    " ORDER BY size DESC LIMIT 1",
    [FIND_COVERING] = "SELECT note FROM cosigned WHERE origin = ?1 AND size >= ?2"
		      " ORDER BY size LIMIT 1",
    [PUT] = "INSERT INTO cosigned (origin, size, root, time_s, note) VALUES (?1, ?2, ?3, ?4, ?5)",
    /* What is over since the one before was kept: of those of one hour the first stays. */
    [THIN] = "DELETE FROM cosigned WHERE origin = ?1 AND time_s < ?2 AND EXISTS"
	     " (SELECT 1 FROM cosigned AS first WHERE first.origin = cosigned.origin AND"
	     "  first.size < cosigned.size AND first.time_s / ?3 = cosigned.time_s / ?3)",
};

/* FULL: a commit is on the disk when it returns. */
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS cosigned (origin TEXT NOT NULL, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, time_s INTEGER NOT NULL, note BLOB NOT NULL,"
    " PRIMARY KEY (origin, size)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS cosigned_by_time ON cosigned (origin, time_s);";

struct cosigned {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	uint64_t thinned_s; /* when that was done last, by the time of what was put */
};

static enum err thin(struct cosigned *c, const char *origin, uint64_t time_s);
static enum err run(struct cosigned *c, enum statement s);
static enum err fetch(struct cosigned *c, enum statement s);
static enum err failed(struct cosigned *c, const char *call);

enum err
cosigned_open(const char *path, struct cosigned **out)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	struct cosigned *c = calloc(1, sizeof(*c));
	enum err e = ERR_OK;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	if (sqlite3_open_v2(path, &c->db, flags, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(c->db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(c->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		e = failed(c, "open");
	for (unsigned i = 0; e == ERR_OK && i < STATEMENTS; i++)
		if (sqlite3_prepare_v2(c->db, sql[i], -1, &c->statement[i], NULL) != SQLITE_OK)
			e = failed(c, "prepare");
	if (e != ERR_OK)
		cosigned_close(&c);
	*out = c;
	return e;
}

void
cosigned_close(struct cosigned **cp)
{
	struct cosigned *c = *cp;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(c->statement[i]);
	sqlite3_close(c->db);
	free(c);
	*cp = NULL;
}

enum err
cosigned_find_newest(
    struct cosigned *c, const char *origin, struct checkpoint *out, uint64_t *time_s)
{
	sqlite3_stmt *s = c->statement[FIND_NEWEST];
	enum err e;

	memset(out, 0, sizeof(*out));
	sqlite3_bind_text(s, 1, origin, -1, SQLITE_STATIC);
	if ((e = fetch(c, FIND_NEWEST)) == ERR_OK) {
		(void)stpncpy(out->origin, origin, sizeof(out->origin) - 1);
		out->size = (uint64_t)sqlite3_column_int64(s, 0);
		*time_s = (uint64_t)sqlite3_column_int64(s, 2);
		if (sqlite3_column_bytes(s, 1) == DIGEST_SIZE)
			memcpy(out->root.bytes, sqlite3_column_blob(s, 1), DIGEST_SIZE);
		else
			e = ERR_IO;
	}
	sqlite3_reset(s);
	return e;
}

enum err
cosigned_find_covering(struct cosigned *c, const char *origin, uint64_t size, struct buf *note)
{
	sqlite3_stmt *s = c->statement[FIND_COVERING];
	enum err e;

	if (size > INT64_MAX)
		return ERR_NOT_FOUND;
	sqlite3_bind_text(s, 1, origin, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)size);
	if ((e = fetch(c, FIND_COVERING)) == ERR_OK) {
		buf_append(note, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
		e = buf_status(note);
	}
	sqlite3_reset(s);
	return e;
}

enum err
cosigned_put(
    struct cosigned *c, const struct checkpoint *checkpoint, uint64_t time_s, struct view note)
{
	sqlite3_stmt *s = c->statement[PUT];
	enum err e;

	sqlite3_bind_text(s, 1, checkpoint->origin, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)checkpoint->size);
	sqlite3_bind_blob(s, 3, checkpoint->root.bytes, DIGEST_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)time_s);
	sqlite3_bind_blob(s, 5, note.data, (int)note.size, SQLITE_STATIC);
	if ((e = run(c, PUT)) != ERR_OK)
		return e;
	if (time_s - c->thinned_s >= COSIGNED_EACH_S) {
		c->thinned_s = time_s;
		e = thin(c, checkpoint->origin, time_s);
	}
	return e;
}

static enum err
thin(struct cosigned *c, const char *origin, uint64_t time_s)
{
	sqlite3_stmt *s = c->statement[THIN];

	if (time_s < COSIGNED_ALL_S)
		return ERR_OK;
	sqlite3_bind_text(s, 1, origin, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)(time_s - COSIGNED_ALL_S));
	sqlite3_bind_int64(s, 3, COSIGNED_EACH_S);
	return run(c, THIN);
}

static enum err
run(struct cosigned *c, enum statement s)
{
	const int status = sqlite3_step(c->statement[s]);
	const enum err e = status == SQLITE_DONE ? ERR_OK : failed(c, sql[s]);

	sqlite3_reset(c->statement[s]);
	return e;
}

/* The row stays until the statement is reset. */
static enum err
fetch(struct cosigned *c, enum statement s)
{
	const int status = sqlite3_step(c->statement[s]);

	if (status == SQLITE_ROW)
		return ERR_OK;
	return status == SQLITE_DONE ? ERR_NOT_FOUND : failed(c, sql[s]);
}

static enum err
failed(struct cosigned *c, const char *call)
{
	logger_say(LOGGER_ERROR, "cosigned-failed",
	    "the database of cosigned checkpoints: %.80s: %s", call, sqlite3_errmsg(c->db));
	return ERR_IO;
}

#include "register/view/view_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/logger.h"
#include "register/view/view_schema.h"
#include "register/view/view_sql.h"

/* Somebody's backup may hold the file for a moment: that costs no view. */
#define BUSY_MS 5000

static enum err open_once(const char *path, sqlite3 **out);
static enum err reason(sqlite3 *db);
static int user_version(sqlite3 *db);
static bool is_sound(sqlite3 *db);
static enum err move(const char *path, const char *suffix);

enum err
view_file_open(const char *path, sqlite3 **out)
{
	enum err e = open_once(path, out);

	if (e != ERR_FORMAT)
		return e;
	if ((e = view_file_set_aside(path, "it is not a usable view of this version")) != ERR_OK)
		return e;
	return open_once(path, out);
}

enum err
view_file_set_aside(const char *path, const char *why)
{
	logger_say(LOGGER_WARNING, "view-rebuild",
	    "%s: %s; it is moved to %s.damaged and made anew from the log", path, why, path);
	/* The newest parts first: a base without them would be taken for an older, whole view. */
	if (move(path, "-shm") != ERR_OK || move(path, "-wal") != ERR_OK ||
	    move(path, "") != ERR_OK)
		return ERR_IO;
	return ERR_OK;
}

enum err
view_file_open_to_read(const char *path, sqlite3 **out)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

	*out = NULL;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ERR_NOT_FOUND;
	if (sqlite3_open_v2(path, out, flags, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(*out, BUSY_MS) == SQLITE_OK && user_version(*out) == VIEW_VERSION)
		return ERR_OK;
	view_sql_failed(*out, path);
	sqlite3_close(*out);
	*out = NULL;
	return ERR_IO;
}

static enum err
open_once(const char *path, sqlite3 **out)
{
	/* Used by one thread at a time: it needs no locks. */
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	int version = -1;
	enum err e = ERR_IO;

	*out = NULL;
	if (sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK && (version = user_version(db)) >= 0)
		e = version == VIEW_VERSION || version == 0 ? ERR_OK : ERR_FORMAT;
	if (e == ERR_OK && (e = view_sql_execute(db, view_schema_settings)) == ERR_OK &&
	    version == 0)
		e = view_sql_execute(db, view_schema_tables);
	if (e == ERR_OK && !is_sound(db))
		e = ERR_FORMAT;
	if (e == ERR_IO)
		e = reason(db);
	if (e == ERR_OK)
		*out = db;
	else
		sqlite3_close(db);
	return e;
}

/* Only what is wrong with the file itself is cured by another one: a full disk is not. */
static enum err
reason(sqlite3 *db)
{
	const int code = db != NULL ? sqlite3_errcode(db) : SQLITE_NOMEM;

	view_sql_failed(db, "open");
	return code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ERR_FORMAT : ERR_IO;
}

/* A new file has 0; -1: it cannot be read. */
static int
user_version(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version;
}

/* The trees of the file hang together; what stands in rows is looked at where they are read. */
static bool
is_sound(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	const char *said;
	bool sound = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK &&
		     sqlite3_step(s) == SQLITE_ROW &&
		     (said = (const char *)sqlite3_column_text(s, 0)) != NULL &&
		     strcmp(said, "ok") == 0;

	sqlite3_finalize(s);
	return sound;
}

static enum err
move(const char *path, const char *suffix)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	enum err e = ERR_OK;

	buf_append_format(&from, "%s%s", path, suffix);
	buf_append_byte(&from, 0);
	buf_append_format(&to, "%s.damaged%s", path, suffix);
	buf_append_byte(&to, 0);
	if (buf_status(&from) != ERR_OK || buf_status(&to) != ERR_OK)
		e = ERR_MEMORY;
	else if (rename((char *)from.data, (char *)to.data) != 0 && errno != ENOENT) {
		logger_say(LOGGER_ERROR, "view-failed", "%s: cannot be moved to %s: %s",
		    (char *)from.data, (char *)to.data, strerror(errno));
		e = ERR_IO;
	}
	buf_free(&from);
	buf_free(&to);
	return e;
}

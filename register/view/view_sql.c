#include "register/view/view_sql.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"

static int view_size(struct view v);

void
view_sql_bind(sqlite3_stmt *s, const char *types, ...)
{
	const struct digest *digest;
	struct view v;
	uint64_t number;
	va_list values;

	va_start(values, types);
	for (int i = 0; types[i] != '\0'; i++) {
		switch (types[i]) {
		case 'i':
			number = va_arg(values, uint64_t);
			sqlite3_bind_int64(
			    s, i + 1, number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number);
			break;
		case 't':
			v = va_arg(values, struct view);
			sqlite3_bind_text(s, i + 1, v.size > 0 ? (const char *)v.data : "",
			    view_size(v), SQLITE_STATIC);
			break;
		case 'b':
			v = va_arg(values, struct view);
			sqlite3_bind_blob(s, i + 1, v.size > 0 ? (const void *)v.data : "",
			    view_size(v), SQLITE_STATIC);
			break;
		case 'd':
			digest = va_arg(values, const struct digest *);
			sqlite3_bind_blob(s, i + 1, digest->bytes, DIGEST_SIZE, SQLITE_STATIC);
			break;
		case 'n':
			sqlite3_bind_null(s, i + 1);
			break;
		default:
			abort();
		}
	}
	va_end(values);
}

enum err
view_sql_run(sqlite3_stmt *s)
{
	int status = sqlite3_step(s);

	if (status != SQLITE_DONE && status != SQLITE_ROW) {
		view_sql_failed(sqlite3_db_handle(s), sqlite3_sql(s));
		sqlite3_reset(s);
		return ERR_IO;
	}
	sqlite3_reset(s);
	return ERR_OK;
}

bool
view_sql_next(sqlite3_stmt *s, enum err *e)
{
	int status = sqlite3_step(s);

	if (status == SQLITE_ROW)
		return true;
	if (status != SQLITE_DONE) {
		view_sql_failed(sqlite3_db_handle(s), sqlite3_sql(s));
		*e = ERR_IO;
	}
	return false;
}

uint64_t
view_sql_number(sqlite3_stmt *s, int column)
{
	sqlite3_int64 number = sqlite3_column_int64(s, column);

	return number < 0 ? 0 : (uint64_t)number;
}

struct view
view_sql_view(sqlite3_stmt *s, int column)
{
	const void *data = sqlite3_column_blob(s, column);
	int size = sqlite3_column_bytes(s, column);

	return data == NULL || size <= 0 ? (struct view){NULL, 0}
					 : (struct view){data, (size_t)size};
}

void
view_sql_digest(sqlite3_stmt *s, int column, struct digest *out)
{
	struct view v = view_sql_view(s, column);

	*out = DIGEST_ZERO;
	if (v.size == DIGEST_SIZE)
		memcpy(out->bytes, v.data, DIGEST_SIZE);
}

enum err
view_sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	*out = NULL;
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
		return ERR_OK;
	view_sql_failed(db, sql);
	return ERR_IO;
}

enum err
view_sql_execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return ERR_OK;
	view_sql_failed(db, sql);
	return ERR_IO;
}

void
view_sql_failed(sqlite3 *db, const char *call)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "view-failed");
	logline_string(&l, "call", call);
	logline_string(&l, "error", db != NULL ? sqlite3_errmsg(db) : "no memory");
	logline_end(&l);
}

/* No value is as large: an entry of the log is the largest. */
static int
view_size(struct view v)
{
	return v.size > INT_MAX ? INT_MAX : (int)v.size;
}

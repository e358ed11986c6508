/*
 * SQLite as the view uses it: values bound by a list of types, columns read as views and digests, a
 * failure logged once where it happens.
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_SQL_H
#define HALLMARK_REGISTER_VIEW_VIEW_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/*
 * Binds from parameter 1 on, one value for each letter: 'i' uint64_t (at most INT64_MAX, which is
 * taken for what is beyond), 't' struct view as text, 'b' struct view as bytes, 'd' const struct
 * digest *, 'n' NULL, for which there is no argument. What is bound must last until the statement
 * was run.
 */
void view_sql_bind(sqlite3_stmt *s, const char *types, ...);

/* Runs a statement that gives no rows, and resets it. ERR_IO, said in the log. */
enum err view_sql_run(sqlite3_stmt *s) MUST_USE;

/* The next row. False at the end and on a failure, which is in *e then and said in the log. */
bool view_sql_next(sqlite3_stmt *s, enum err *e);

/* Of the row that the statement stands at; valid until its next step or reset. */
uint64_t view_sql_number(sqlite3_stmt *s, int column);
struct view view_sql_view(sqlite3_stmt *s, int column);
void view_sql_digest(sqlite3_stmt *s, int column, struct digest *out);

/* ERR_IO, said in the log. `out` is NULL then. */
enum err view_sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out) MUST_USE;
enum err view_sql_execute(sqlite3 *db, const char *sql) MUST_USE;

/* What SQLite says of its last failure, with the call that failed, as a log line. */
void view_sql_failed(sqlite3 *db, const char *call);

#endif

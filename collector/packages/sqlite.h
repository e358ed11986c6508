/*
 * SQLite, loaded when a database is to be read: of all hosts few have one, and of the collector's
 * processes one reads it. All would have its pages in memory if it were linked.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_SQLITE_H
#define HALLMARK_COLLECTOR_PACKAGES_SQLITE_H

#include <sqlite3.h>

#define SQLITE_LIBRARY "libsqlite3.so.0"

/* X(name): what is taken of it, without `sqlite3_`. */
#define SQLITE_FUNCTIONS(X)                                                                        \
	X(close)                                                                                   \
	X(column_blob)                                                                             \
	X(column_bytes)                                                                            \
	X(db_config)                                                                               \
	X(deserialize)                                                                             \
	X(exec)                                                                                    \
	X(finalize)                                                                                \
	X(limit)                                                                                   \
	X(open_v2)                                                                                 \
	X(prepare_v2)                                                                              \
	X(progress_handler)                                                                        \
	X(step)

struct sqlite {
#define SQLITE_MEMBER(name) __typeof__(sqlite3_##name) *name;
	SQLITE_FUNCTIONS(SQLITE_MEMBER)
#undef SQLITE_MEMBER
};

/* Loaded once, and never unloaded. NULL if it is not there, or lacks something. */
const struct sqlite *sqlite_load(void);

#endif

/*
 * Heads out of the rows of a view, when a writer begins.
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_LOAD_H
#define HALLMARK_REGISTER_VIEW_VIEW_LOAD_H

#include <sqlite3.h>

#include "proto/err.h"
#include "register/view/heads.h"
#include "register/view/rows.h"

/* ERR_FORMAT: a row is not what was put there. ERR_IO, ERR_MEMORY. */
enum err view_load(sqlite3 *db, struct heads *heads, struct rows_log *log) MUST_USE;

#endif

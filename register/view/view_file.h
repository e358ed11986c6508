/*
 * The file of a view: one SQLite database for each log that is followed, WAL, so that who asks
 * never waits for who writes. It is a cache: what is in it follows from the log.
 *
 * A file that is not a usable view - garbage, torn, of another version, with rows that are not what
 * was put there - is said, moved aside to PATH.damaged (one is kept, for whoever wants to look),
 * and a new one is begun.
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_FILE_H
#define HALLMARK_REGISTER_VIEW_VIEW_FILE_H

#include <sqlite3.h>

#include "proto/err.h"

/* Opens or makes the file, for the one who writes. ERR_IO, said in the log. */
enum err view_file_open(const char *path, sqlite3 **out) MUST_USE;

/* Moves it aside, with what SQLite keeps beside it. ERR_IO. */
enum err view_file_set_aside(const char *path, const char *why) MUST_USE;

/* For one who asks: read only. ERR_NOT_FOUND where there is no view yet. ERR_IO, said in the log.
 */
enum err view_file_open_to_read(const char *path, sqlite3 **out) MUST_USE;

#endif

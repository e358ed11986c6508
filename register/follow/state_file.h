/*
 * Files of a log's state directory that have to survive a crash: replaced as a whole, or longer by
 * a line, and on stable storage when the call returns.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_STATE_FILE_H
#define HALLMARK_REGISTER_FOLLOW_STATE_FILE_H

#include "proto/bytes.h"
#include "proto/err.h"

/* A directory of this user's alone, made if it is not there. ERR_IO, errno says why. */
enum err state_directory_open(int at, const char *path, int *fd) MUST_USE;

/* Written beside it, synced, renamed. ERR_IO, errno says why: then it is what it was. */
enum err state_file_replace(int dir, const char *name, struct view content) MUST_USE;

/* Appended; the file is made if it is not there. ERR_IO: part of it may stand there. */
enum err state_file_append(int dir, const char *name, struct view line) MUST_USE;

#endif

/*
 * Where the host's root directory is for this collector: its own, or where it is mounted, for a
 * collector in a container (`host_root` of the configuration). Names that the configuration has of
 * the host's files count from there; links are followed within it.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_HOST_ROOT_H
#define HALLMARK_COLLECTOR_SUBJECT_HOST_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

/* NULL is "/". O_PATH; ERR_IO with the trouble. *out is -1 unless ERR_OK. */
enum err host_root_open(const char *host_root, int *out, struct trouble *t) MUST_USE;

/*
 * What is at a path of the host's, with links followed: its stat, and its path on the host without
 * links ("" where it cannot be told). ERR_NOT_FOUND, ERR_IO with errno.
 */
enum err host_root_find(
    int root, const char *path, struct stat *s, char *resolved, size_t size) MUST_USE;

/* The process whose /proc directory is `dir` has the host's root directory. */
bool host_root_is_of(int root, int dir);

#endif

/*
 * Files and directories that are named in a configuration or policy: read, resolved, and looked at,
 * with a fault where they are not as they must be.
 */
#ifndef HALLMARK_CONFIG_YAML_CHECK_H
#define HALLMARK_CONFIG_YAML_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends the whole of a regular file. ERR_CONFIG, with a fault at `line` of `file` that names
 * `key`, if it cannot be read or is larger than `size_max`; `key` NULL where `path` is `file`
 * itself.
 */
enum err yaml_read_file(const char *file, unsigned line, const char *key, const char *path,
    size_t size_max, struct faults *faults, struct buf *to) MUST_USE;

/*
 * Checks that the later stages share; each adds a fault at `line` of `file` and returns false.
 * A secret must be a regular file, owned by this user or root, closed to all others.
 */
bool yaml_check_readable(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults);
bool yaml_check_secret(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults);
bool yaml_check_directory(
    const char *file, unsigned line, const char *key, const char *path, struct faults *faults);

/*
 * A path as written in a file, relative to the directory of that file. Returns a new string, to be
 * freed; absolute paths are copied. A relative `file` is taken from the working directory, so that
 * the result is absolute.
 */
char *yaml_resolve_path(const char *file, const char *path);

#endif

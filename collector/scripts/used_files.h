/*
 * Files that a process uses without running or mapping them as code: the scripts, archives and
 * modules of an interpreter. They are those that its arguments name (named_paths.h), looked up as
 * the process would, and those that it holds open for reading alone. Only regular files are told.
 *
 * A process may write over its arguments, and close what it has read: what it wants to hide of this
 * it can. So this adds to what is named by the configuration, and takes nothing away.
 */
#ifndef HALLMARK_COLLECTOR_SCRIPTS_USED_FILES_H
#define HALLMARK_COLLECTOR_SCRIPTS_USED_FILES_H

#include <stdint.h>
#include <sys/stat.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define USED_FILES_LOOKUPS_MAX 16384 /* of a process: paths of a long class path twice */
#define USED_FILES_OPEN_MAX    65536 /* descriptors of a process that are open for reading alone */
#define USED_FILES_CMDLINE_MAX (16 * 1024 * 1024) /* bytes */

/* `fd` is O_PATH, and closed behind the call. Its error ends the walk. */
typedef enum err used_files_visit(void *context, int fd, const struct stat *s);

/*
 * Those of the process whose directory in /proc is `dir`, with the root directory `root` (O_PATH,
 * or -1: may not be looked at, and no path is looked up). A file may come more than once.
 * ERR_NOT_FOUND if the process has ended; ERR_FORMAT_SIZE beyond a limit; ERR_IO with errno,
 * ERR_MEMORY.
 */
enum err used_files_each(int dir, int root, used_files_visit *visit, void *context) MUST_USE;

#endif

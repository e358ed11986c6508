/*
 * Reading a file that may grow: as much of its beginning as it had when it was read for the first
 * time, and more each time that it is twice as large. So most rounds find the same of it, and no
 * more than the newer half could be changed without being told.
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILE_GROWTH_H
#define HALLMARK_COLLECTOR_FILES_FILE_GROWTH_H

#include <stdbool.h>

#include "collector/files/file_details.h"
#include "collector/files/filehash.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/*
 * Fills digest, size, mode and owner of `out` from the regular file `fd`, which is measured under
 * `path` (collector/content/growing.h), and adds `content`, and `begun` if its beginning was
 * another one once; COMPONENT_FILE_CHANGED until that was told. COMPONENT_FILE_UNREADABLE and
 * errors as filehash_describe.
 */
enum err file_growth_read(struct filehash *h, int fd, bool bare, struct view path,
    struct component_file *out, struct file_details *details) MUST_USE;

#endif

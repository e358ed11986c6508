/*
 * What apk keeps below a root directory: /lib/apk/db/installed, paragraphs with the lines `P:`
 * (name), `V:` (version) and `A:` (architecture). Every paragraph is an installed package.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_APK_H
#define HALLMARK_COLLECTOR_PACKAGES_APK_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define APK_SIZE_MAX (64 * 1024 * 1024) /* bytes: 10 KB for each of 6,000 packages */

/*
 * Adds the fact `apk`; *found is false, and nothing added, where there is no such file. ERR_IO,
 * ERR_FORMAT (no regular file), ERR_FORMAT_SIZE, ERR_MEMORY, with the trouble.
 */
enum err apk_add(int root, struct component_builder *to, bool *found, struct trouble *t) MUST_USE;

/* The fact from the file's bytes. ERR_FORMAT_SIZE over PACKAGES_MAX, ERR_MEMORY. */
enum err apk_add_read(struct view installed, struct component_builder *to) MUST_USE;

#endif

/*
 * Landlock (landlock(7)) for the process that has the network: whatever its user may do, it reads
 * only below the directories that are named here, writes only below those of its state, and takes
 * no connections. Nor can it look into any process but its own.
 *
 * That last is why the measuring process has none: a kernel lets nobody who is confined look at a
 * process that is not.
 *
 * Directories, because files that are renewed are other files of the same name; and those that they
 * really lie in, because a name may be a link. What comes later and lies elsewhere, in a reload of
 * the configuration say, cannot be opened: that takes another start.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_LANDLOCK_H
#define HALLMARK_COLLECTOR_PROCESSES_LANDLOCK_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

struct landlock;

/* The kernel has it, and lets this program use it. */
bool landlock_is_there(void);

/* Nothing is allowed yet. Where the kernel has no Landlock *out is NULL, and all below does
 * nothing: ERR_OK. ERR_IO, with the trouble in words. */
enum err landlock_new(struct landlock **out, struct trouble *t) MUST_USE;
void landlock_free(struct landlock **l);

/* Running is reading, and starting what is there. A file, or a directory with all below; one that
 * is not there is passed over. ERR_IO. */
enum err landlock_allow_reading(struct landlock *l, const char *path, struct trouble *t) MUST_USE;
enum err landlock_allow_running(struct landlock *l, const char *path, struct trouble *t) MUST_USE;
enum err landlock_allow_keeping(struct landlock *l, const char *path, struct trouble *t) MUST_USE;

/* The directory of a file, under its name and where that leads to. */
enum err landlock_allow_directory_of(
    struct landlock *l, const char *path, struct trouble *t) MUST_USE;

/* After PR_SET_NO_NEW_PRIVS, before there are threads; for ever. ERR_IO. */
enum err landlock_enter(const struct landlock *l, struct trouble *t) MUST_USE;

#endif

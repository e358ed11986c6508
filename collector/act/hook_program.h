/*
 * Which programs hooks may be: those that nobody but root can have put there.
 */
#ifndef HALLMARK_COLLECTOR_ACT_HOOK_PROGRAM_H
#define HALLMARK_COLLECTOR_ACT_HOOK_PROGRAM_H

#include "collector/ground/trouble.h"
#include "proto/err.h"

/*
 * ERR_CONFIG, with the trouble in words, unless the absolute path leads through no link to a file
 * that can be executed, and it and each directory above are root's, and neither their group nor
 * others write to them.
 */
enum err hook_program_check(const char *path, struct trouble *t) MUST_USE;

#endif

/*
 * Which files the loader would map with a program that is not running yet: its interpreter, what it
 * and these libraries name as needed, what is preloaded; found where ld.so looks for them
 * (ld.so(8): RPATH, LD_LIBRARY_PATH, RUNPATH, the cache, the directories of the system; of several
 * that depend on the processor all). What a program loads later by itself (dlopen) nobody can tell.
 */
#ifndef HALLMARK_COLLECTOR_LOADING_LOADER_H
#define HALLMARK_COLLECTOR_LOADING_LOADER_H

#include "collector/ground/trouble.h"
#include "proto/err.h"

#define LOADER_FILES_MAX 1024 /* of a program; the largest on a desktop have 300 */

/* What the program will find in its environment; NULL: nothing. */
struct loader_environment {
	const char *audit;        /* LD_AUDIT */
	const char *preload;      /* LD_PRELOAD */
	const char *library_path; /* LD_LIBRARY_PATH */
};

/* One file, open for reading; `path` as the kernel has it, without links. Its error ends it. */
typedef enum err loader_visit(void *context, int fd, const char *path);

/*
 * Calls back for each file, once. `root`: from where paths count; `path`: of the program.
 * ERR_NOT_FOUND for one that is nowhere, ERR_UNSUPPORTED for a program of another form than
 * elf.h knows; with the trouble in words.
 */
enum err loader_each(int root, int program, const char *path,
    const struct loader_environment *environment, loader_visit *visit, void *context,
    struct trouble *t) MUST_USE;

#endif

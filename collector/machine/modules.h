/*
 * Fact `module_files`: each module that /sys/module has as loaded, with its state and its file.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_MODULES_H
#define HALLMARK_COLLECTOR_MACHINE_MODULES_H

#include "collector/machine/reading.h"

#define MODULE_SIZE_MAX                                                                            \
	(256 * 1024 * 1024) /* bytes of a module's file; the largest have some 100 MB */
#define MODULES_DEP_MAX (16 * 1024 * 1024) /* bytes of modules.dep; Debian's has 600 KB */

/* As machine_add. */
enum err modules_add(const struct machine *m) MUST_USE;

/*
 * What modules.dep says where the file of a module is, below the directory that modules.dep is in;
 * false if it names none. The kernel's name of a module has "_" for every "-".
 */
bool modules_find(struct view dep, const char *module, struct view *path);

#endif

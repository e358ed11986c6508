/*
 * Paths that an argument of a program may have in it. What an interpreter makes of its arguments is
 * its own affair (`app.py`, `-jar app.jar`, `-cp a.jar:b.jar`, `--require=./x.js`, `-r./x.js`,
 * `-javaagent:x.jar=y`, `@file`), so each part of an argument that could be a path is one: from its
 * beginning, behind an option's letter and behind each of `=`, `:`, `,`, `;` and `@`, to its end
 * and to the next of these.
 */
#ifndef HALLMARK_COLLECTOR_SCRIPTS_NAMED_PATHS_H
#define HALLMARK_COLLECTOR_SCRIPTS_NAMED_PATHS_H

#include "proto/bytes.h"
#include "proto/err.h"

/* `path` is not empty and shorter than PATH_MAX. Its error ends the walk. */
typedef enum err named_paths_visit(void *context, struct view path);

enum err named_paths_each(struct view argument, named_paths_visit *visit, void *context) MUST_USE;

#endif

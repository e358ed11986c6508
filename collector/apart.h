/*
 * Work on what comes from anywhere, as images and packages do, in a process of its own: it has no
 * keys, reads files and nothing else (FILTER_MEASURING), and has bounded memory. What it makes is
 * saved by who has started it, whole or not at all.
 */
#ifndef HALLMARK_COLLECTOR_APART_H
#define HALLMARK_COLLECTOR_APART_H

#include "proto/bytes.h"

#define APART_MEMORY_MEBIBYTES 1024 /* an image of the most files takes some 300 */

/* Prints, and appends what is to be saved; gives the exit status: 0 if all is well. */
typedef int apart_work(void *context, struct buf *to);

/*
 * The exit status; 1, told, if the process could not be had, or its end was another one. What it
 * made becomes the file `output`; NULL: none.
 */
int apart_run(apart_work *work, void *context, const char *output);

/*
 * The same of work that gives up rights by itself, as what calls command_begin does: who saves has
 * kept the right to write where it is to stand.
 */
int apart_run_confining(apart_work *work, void *context, const char *output);

/* Replaces the file, readable for everybody as far as the umask says. 1, told, if that failed. */
int apart_save(const char *output, struct view bytes);

#endif

/*
 * Reading /proc (files: collector/ground/small_file.h): links, and the fields of `stat` and
 * `status` (proc(5)).
 *
 * What stands there is partly the measured process's own words (its name, its arguments), so every
 * parser here takes any bytes.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_PROCFS_H
#define HALLMARK_COLLECTOR_SUBJECT_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends the text of a link. ERR_NOT_FOUND (no such link, or the process has ended),
 * ERR_FORMAT_SIZE over 4,095 bytes, ERR_IO with errno, ERR_MEMORY.
 */
enum err procfs_read_link(int dir, const char *name, struct buf *to) MUST_USE;

/* Without line feeds at its end. */
struct view procfs_trim(struct view text);

/* Takes the next word (white space: space, tab) off `rest`; false if there is none. */
bool procfs_next_word(struct view *rest, struct view *word);

/*
 * Takes the next string off cmdline or environ: each ends in a NUL; a process may have overwritten
 * the last one.
 */
bool procfs_next_string(struct view *rest, struct view *string);

/* The wanted fields of /proc/PID/stat, by their numbers in proc(5). */
struct procfs_stat {
	pid_t pid;            /* 1: of the thread whose directory it is */
	pid_t parent;         /* 4 */
	uint64_t start_ticks; /* 22: since boot */
	uint64_t start_code;  /* 26: 1 if we may not know, as 28 is 0 then */
	uint64_t start_stack; /* 28 */
};

/* ERR_FORMAT. The name in field 2 may hold anything, ") 1 2" too: fields count from the last ')'.
 */
enum err procfs_stat_parse(struct view text, struct procfs_stat *out) MUST_USE;

/* Of /proc/PID, which `dir` is. ERR_NOT_FOUND if it has ended, ERR_IO with errno, ERR_FORMAT. */
enum err procfs_read_stat(int dir, struct procfs_stat *out) MUST_USE;

/* Finds "key:" at the start of a line of /proc/PID/status; the value without white space around. */
bool procfs_status_field(struct view status, const char *key, struct view *value);

#endif

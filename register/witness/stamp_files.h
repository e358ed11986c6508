/*
 * The directory with a log's timestamps: of each tree's size the checkpoint that was timestamped
 * and the authority's reply, and which sizes there are.
 */
#ifndef HALLMARK_REGISTER_WITNESS_STAMP_FILES_H
#define HALLMARK_REGISTER_WITNESS_STAMP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define STAMP_FILES_DIRECTORY "timestamps"
#define STAMP_FILE_NOTE       ".note"
#define STAMP_FILE_REPLY      ".tsr"
#define STAMP_FILE_NAME_SIZE  32 /* bytes of a size and the longer of these, with NUL */

/* Sizes that are kept, rising. One an hour makes 70 KB a year. */
struct stamp_files {
	uint64_t *size;
	size_t count;
};

void stamp_file_name(uint64_t size, const char *ending, char name[STAMP_FILE_NAME_SIZE]);

/* What of both files is there; all else is passed over. ERR_IO, errno says why; ERR_MEMORY. */
enum err stamp_files_read(int directory, struct stamp_files *out) MUST_USE;
void stamp_files_free(struct stamp_files *f);

/* Durable when it returns, the note last. ERR_IO, errno says why: it does not count then. */
enum err stamp_files_keep(
    int directory, uint64_t size, struct view note, struct view reply) MUST_USE;

/* One more, larger than all. ERR_MEMORY. */
enum err stamp_files_add(struct stamp_files *f, uint64_t size) MUST_USE;

/* 0: there is none. */
uint64_t stamp_files_newest(const struct stamp_files *f);

/* The smallest that is `size` or more. */
bool stamp_files_covering(const struct stamp_files *f, uint64_t size, uint64_t *found);

#endif

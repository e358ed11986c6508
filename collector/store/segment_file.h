/*
 * A file of segments: what was new in a measurement, written once.
 *
 *   segments-<8 digits>     records: SHA-256, be32 size, the segment's bytes
 *
 * A record whose bytes proved to be others is struck out: its digest is made zero.
 */
#ifndef HALLMARK_COLLECTOR_STORE_SEGMENT_FILE_H
#define HALLMARK_COLLECTOR_STORE_SEGMENT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define SEGMENT_FILE_MAX 99999999U /* the largest number */

/* Whether a name is that of such a file, and its number. */
bool segment_file_is(const char *name, uint32_t *number);

/* One that is being written, beside its place. Begin with `fd` -1. */
struct segment_writer {
	int dir; /* borrowed */
	int fd;  /* -1: none */
	uint32_t number;
	uint64_t size;
};

/*
 * Each: ERR_NO_ROOM, ERR_IO with the trouble in words. Of savefile.h; but what is given up may fail
 * anyhow. What could not be added for want of room is not in the file; one that could not be ended
 * is not there.
 */
enum err segment_writer_begin(
    struct segment_writer *w, int dir, uint32_t number, struct trouble *t) MUST_USE;
enum err segment_writer_add(struct segment_writer *w, const struct digest *digest,
    struct view bytes, struct trouble *t) MUST_USE;
enum err segment_writer_end(struct segment_writer *w, struct trouble *t) MUST_USE;
void segment_writer_give_up(struct segment_writer *w);

/* Where a segment stands. */
struct segment_place {
	uint32_t file;
	uint32_t size;   /* bytes */
	uint64_t offset; /* of these */
};

/*
 * Tells of each record that is not struck out, in order. One that is cut off or makes no sense ends
 * the file: what stands behind it is not there. `size`: of the file. ERR_IO with errno.
 */
typedef void segment_file_visit(
    void *context, const struct digest *digest, const struct segment_place *place);
enum err segment_file_each(
    int dir, uint32_t number, segment_file_visit *visit, void *context, uint64_t *size) MUST_USE;

/* Opens it for reading; -1 with errno. */
int segment_file_open(int dir, uint32_t number);

/* Appends the bytes that stand there, whatever they are. ERR_IO, ERR_MEMORY. */
enum err segment_file_read(int dir, const struct segment_place *place, struct buf *to) MUST_USE;

/* Strikes a record out. If that fails, it is found wrong once more. */
void segment_file_strike(int dir, const struct segment_place *place);

void segment_file_remove(int dir, uint32_t number);

#endif

/*
 * Paths and contents of tiles (C2SP tlog-tiles): a log as plain files below one directory.
 *
 *   checkpoint
 *   tile/<L>/<N>[.p/<W>]          256 hashes of level 8*L, or W of them
 *   tile/entries/<N>[.p/<W>]      the entries below level-0 tile N, each behind a be16 length
 */
#ifndef HALLMARK_PROTO_TLOG_TILE_H
#define HALLMARK_PROTO_TLOG_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define TILE_WIDTH     256   /* hashes in a full tile */
#define TILE_HEIGHT    8     /* tree levels in a tile */
#define TILE_LEVEL_MAX 7     /* 256^8 leaves are 2^64 */
#define TILE_PATH_SIZE 64    /* bytes with NUL: "tile/entries/" + 7 groups + ".p/255" is 52 */
#define ENTRY_SIZE_MAX 65535 /* bytes: what a be16 length can say */

/* Width of tile (level, index) in a tree of `size`: 0 (does not exist) to 256. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);

/* Number of tiles of a level, the partial one included, in a tree of `size`. */
uint64_t tile_count(unsigned level, uint64_t size);

/* Writes the path below the log's directory. `width` 1 to 256; 256 gives the full tile's path. */
void tile_path(unsigned level, uint64_t index, unsigned width, char path[TILE_PATH_SIZE]);
void tile_entries_path(uint64_t index, unsigned width, char path[TILE_PATH_SIZE]);

/* Appends one entry of an entry bundle. ERR_FORMAT_SIZE over 65,535 bytes. */
enum err tile_entry_append(struct buf *to, struct view entry) MUST_USE;

/* Takes the next entry off `rest`. ERR_FORMAT if the length is beyond the bytes. */
enum err tile_entry_next(struct view *rest, struct view *entry) MUST_USE;

#endif

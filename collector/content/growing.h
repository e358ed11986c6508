/*
 * Files that may grow, such as logs: what the beginning of each was when it was looked at before,
 * so that whoever looks again can tell growing from all else. By the paths that they are measured
 * under: a file of another inode, too, must have that beginning.
 *
 * It lies in memory that measuring processes of a workload share, one after the other
 * (known_files.h), and ends with it: behind a start of the program all files are new here. A
 * measuring process may be ended anywhere; then what was being kept counts as changed.
 */
#ifndef HALLMARK_COLLECTOR_CONTENT_GROWING_H
#define HALLMARK_COLLECTOR_CONTENT_GROWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"

/* Of a workload; logs are few, and each is read as far as it is known in every round. */
#define GROWING_MAX 1024

/* All zero: nothing is known. */
struct growing {
	uint32_t round, told; /* this one; the last one whose findings were told */
	struct growing_entry {
		struct digest path, content;
		uint64_t size;
		uint32_t begun;   /* how often it began anew; 0: none is here */
		uint32_t seen;    /* in which round, the last time */
		uint32_t changed; /* in which round, the last time; 0: never */
		uint32_t whole;   /* 0: content and size are being written */
	} entries[GROWING_MAX];
};

struct grown {
	uint64_t size; /* bytes of the beginning; UINT64_MAX, which no file has, if it is lost */
	struct digest content;
	uint32_t begun; /* 1, and more each time that it was no longer so */
	bool changed;   /* the last time that was, nobody was told so far */
};

/* Of a measuring process: at the beginning; and at the end, where what it found was told. */
void growing_begin(struct growing *g);
void growing_end(struct growing *g);

/* Whether the round before was told: component `files` was whole. */
bool growing_was_told(const struct growing *g);

/* False: nothing is known of this path. */
bool growing_find(struct growing *g, struct view path, struct grown *out);

/*
 * Its beginning is this from now on. `anew`: it is not what it was before. False where there is no
 * room, and nothing that the last round did not look at. *out: as growing_find has it then.
 */
bool growing_keep(struct growing *g, struct view path, uint64_t size, const struct digest *content,
    bool anew, struct grown *out);

#endif

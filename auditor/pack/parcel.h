/*
 * Files on their way from the auditor, which can write none (auditor/sandbox.h), to the process
 * that makes a folder of them: one after the other through a pipe, and the sums of all at the end.
 *
 *   file   name, a zero byte, size in 8 bytes (big-endian), content
 *   end    a zero byte: without it nothing of the folder is to be used
 */
#ifndef HALLMARK_AUDITOR_PACK_PARCEL_H
#define HALLMARK_AUDITOR_PACK_PARCEL_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define PARCEL_NAME_MAX 200 /* bytes: of our own making */
#define PARCEL_SUMS     "SHA256SUMS"

/* Zero-initialised but for `to`. */
struct parcel {
	FILE *to;
	struct buf sums;
	size_t files;
	bool failed;
};

/* `name`: of this program's making, relative, at most one folder deep. */
void parcel_put(struct parcel *p, const char *name, struct view content);

/* The sums, and the end. ERR_IO if not all of it got out; ERR_MEMORY. */
enum err parcel_end(struct parcel *p) MUST_USE;

/*
 * To be called before anything is read. As handover_begin (auditor/handover.h): returns in the
 * process that goes on as the auditor, with the pipe in `to`; the other one makes the folder `out`,
 * which must not be there yet, and if `zip` `out`.zip beside it, and exits as the auditor does;
 * with 2 where it cannot be made, unless that was 1. NULL if there can be no such process.
 */
void parcel_begin(const char *out, bool zip, FILE **to);

#endif

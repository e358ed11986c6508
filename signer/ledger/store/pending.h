/*
 * The pending files: what is durable and not published yet.
 *
 * "pending.<20 digits>" holds records (record.h), one behind the other, and behind the last an end
 * mark. A new file is begun with the first batch after each publication has been given away. When
 * all its reports are published it is not removed, if it is one of few and not too large, but
 * written over by the next one: a file that is there, with room on the disk, is synced sooner,
 * because its inode does not change, and nothing is deleted for each publication. Its name is the
 * index of the first report that it was made for, or the next one that was free; which reports are
 * in it now is said by the records.
 *
 * So behind an end mark there may be anything: records of earlier uses, whole or in part. They are
 * never read: a record is looked for only where the last one ended, and there is either the end
 * mark, or what a crash left of a write over it. Where the crash cut a file's first write, that may
 * be the header of an earlier use: of published reports, which are passed over by what it says, to
 * a place in what was being written. Only what a record says and proves by its root counts; reports
 * are text and hold no header.
 *
 * Recovery reads all files in the order of their first records, and takes a record if its leaves,
 * added to the tree so far, give the root in its trailer. What is published already is skipped. A
 * file's reading ends at its end mark, or at anything else that is no whole record. If the tree
 * then reaches to where the next file begins, nothing is missing; if not, or if an older file has a
 * record of other reports there, there is damage: it is named, and the signer does not start. At
 * the end of the newest file it is where a crash cut a write, or damage to what was signed: the
 * guard will tell. Only then is it cut off (pending_mend), so that the next recovery does not meet
 * it.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_PENDING_H
#define HALLMARK_SIGNER_LEDGER_STORE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"

struct pending_file;

/* All of them; on the loop's thread, but for pending_remove. */
struct pending {
	const char *directory;
	struct pending_file *first, *last; /* with what is not published, the oldest first */
	struct pending_file *leaving;      /* published by the job under way */
	struct pending_file *spare;        /* to be written over */
	struct pending_file *removed;      /* by the job under way */
	unsigned spare_count;
	char **remove; /* paths, with the job under way */
	size_t remove_count;
	bool rotate;  /* the next batch begins another file */
	char *path;   /* of the last */
	uint64_t end; /* of its last record, in bytes */
	/* Of the newest file that recovery read. */
	uint64_t found_record; /* offset of its last whole record */
	bool torn;             /* what is behind it is no end mark */
};

/* The directory's name must stay. */
void pending_init(struct pending *p, const char *directory);
void pending_free(struct pending *p);

/*
 * Gives `take` each report behind `tree`, which then ends with the last of them. ERR_FORMAT: there
 * is damage, and it has been said.
 */
enum err pending_read(struct pending *p, struct merkle_frontier *tree,
    enum err (*take)(void *context, struct view report), void *context) MUST_USE;

/*
 * Makes what was found fit to be relied on: what is no whole record at the newest file's end is cut
 * off, its last whole record is written and synced again, and the directory is synced.
 */
enum err pending_mend(struct pending *p) MUST_USE;

/* Where the next record goes, which begins with report `first`; the path stays until it is there.
 */
void pending_place(
    struct pending *p, uint64_t first, struct view record, const char **path, uint64_t *offset);

/*
 * Around a publication up to `size`. A file may go when the next one begins at or before that, and
 * all may go (`all`) when nothing is on its way behind it: the next batch begins a new file either
 * way. Those that are not kept to be written over are removed by pending_remove, which is the
 * publisher's.
 */
void pending_leave(struct pending *p, uint64_t size, bool all);
enum err pending_remove(const struct pending *p) MUST_USE;
void pending_left(struct pending *p);

/* Removes the spare ones; `all`: and those with records, which are published. */
void pending_tidy(const struct pending *p, bool all);

#endif

/*
 * The log as files (C2SP tlog-tiles), written: it grows by new entries, for the publisher's thread.
 *
 * Happy path of a publication: tiles that become full are written while entries are added, the
 * partial ones by tilewriter_flush; every few files are synced together, the last ones by the
 * flush. Now a checkpoint may name them, and when it does, partial tiles of tiles that are full go
 * (tilewriter_drop_partials), and no other that a checkpoint has named: C2SP tlog-tiles lets a
 * partial tile go only when the full one is there, however many wider ones are.
 *
 * A tile is written under its own name. Half a tile can be there, after a crash or for a reader
 * that looks too early, only where no checkpoint names it; the next publication writes it again or
 * removes it, and whoever follows a checkpoint never sees it. A sync is one for many files: each by
 * itself would cost a commit of the file system's journal for every 128 reports. What it says of
 * failures is about the whole file system (syncfs(2), since Linux 5.8), from tilewriter_new on: the
 * descriptor it asks is kept open for that.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_TILEWRITER_H
#define HALLMARK_SIGNER_LEDGER_STORE_TILEWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

struct tilewriter;

/* Reads the partial tiles at the end of a log of `size` leaves. */
enum err tilewriter_new(const char *directory, uint64_t size, struct tilewriter **out) MUST_USE;
void tilewriter_free(struct tilewriter **w);

/* How many entries the bundle that is begun still takes, 1 to 256. */
size_t tilewriter_room(const struct tilewriter *w);

/*
 * Adds `count` entries, at most what there is room for; tiles that become full are written.
 * `entries` is each behind its be16 length, and must stay until the next flush; `leaf` their
 * hashes.
 */
enum err tilewriter_add(
    struct tilewriter *w, struct view entries, const struct digest *leaf, size_t count) MUST_USE;

/* Writes the partial tiles and syncs: all that was added is on the disk. */
enum err tilewriter_flush(struct tilewriter *w) MUST_USE;

/*
 * Whether it keeps the core after each file it has written, until this is called again; otherwise
 * it lets other threads run first, and is late by as much wherever they are always busy.
 */
void tilewriter_hurry(struct tilewriter *w, bool hurried);

/* Removes the partial tiles of tiles that became full, and durable, by the last flush. */
enum err tilewriter_drop_partials(struct tilewriter *w) MUST_USE;

#endif

/*
 * Room on the file systems that the signer writes to: those of log, evidence and index.
 *
 * Writing to a full disk is the end of the process (ledger.h), so it must not come to that. While
 * one of them has less free than limits.disk_reserve_mib, or than STORAGE_FILES_KEPT files, the
 * storage is low: new bundles and components are refused with ERR_STORAGE, connections stay, and
 * what was accepted before is written into the reserve and answered. When all of them have a
 * quarter more than that again, the same process goes on. Both turns are logged once.
 *
 *   - A disk that is filled faster than it is looked at fails a write all the same; so does one
 *     whose numbers are not true (a quota, a thin pool). That is final, as it always is.
 *   - A file system that cannot be asked counts as full: what cannot be seen is not relied on.
 *   - One that has no number of blocks or of files (such as btrfs, for files) is not judged by it.
 *
 * Looked at by a timer of the signer's, never for a bundle: three system calls each time.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_STORAGE_H
#define HALLMARK_SIGNER_LEDGER_STORE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/signer_config.h"

/*
 * What publishing all that may be unpublished (LEDGER_UNPUBLISHED_MAX, of the smallest reports)
 * makes of tiles and directories, and as much again for others.
 */
#define STORAGE_FILES_KEPT 8192

struct storage {
	char *index_directory;
	bool low;
	uint64_t free_bytes; /* where there is least; UINT64_MAX: nobody says */
};

/* The places are the configuration's; no reload changes them. */
void storage_init(struct storage *s, const struct signer_config *config);
void storage_free(struct storage *s);

/* Looks at all of them; says so if the storage has become low, or is not low any more. */
void storage_look(struct storage *s, const struct signer_config *config);

#endif

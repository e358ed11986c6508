/*
 * What earlier rounds have read of a workload's files: digests, each under all that the kernel says
 * of the file. While that stays the same, a file need not be read again.
 *
 * A file is known by device, mount, inode, size, and the times of its making, of its last change of
 * content and of its last change at all. The last one is the kernel's own: no program sets it,
 * other than by setting the clock. The kernel also counts changes, but tells nobody
 * (STATX_CHANGE_COOKIE is cleared for user space). So nothing is kept
 *
 *   - of a file system in which not this kernel keeps the times (FUSE, network), or that never
 *     writes a page back (tmpfs): there a mapped page changes and the times do not. Of an overlay
 *     that is asked of each file: those that have no extents of a disk are not kept;
 *   - of a file that is mapped past the page cache (DAX): with MAP_SYNC nothing is written back;
 *   - of a file that has not settled (settling.h), which takes a minute or more from its last
 *     change on: until a dirty page is written back, more can be written into it by a mapping
 *     without another time.
 *
 * And a share of what is known is read again each time, by chance: what root or a broken disk
 * changes behind all this is found in the end. But none of files with fs-verity: of these the
 * kernel checks whatever it reads, and gives out nothing else.
 *
 * The table lies in memory that is shared by the measuring processes of one workload, one after the
 * other; nobody else looks into it, and nothing in it leads anywhere. A hijacked one can lie to
 * those that follow it for the same workload, no more. It ends with the process that made it, so
 * that nothing is known behind a start of the program or of the machine.
 */
#ifndef HALLMARK_COLLECTOR_CONTENT_KNOWN_FILES_H
#define HALLMARK_COLLECTOR_CONTENT_KNOWN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "collector/content/growing.h"
#include "proto/digest.h"

#define KNOWN_FILES_ENTRY_SIZE 56 /* bytes of a file */

/* What statx is to be asked for. */
#define KNOWN_FILES_MASK (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID | 0x4000U)

struct known_files;

/* Of whoever starts measuring processes. ------------------------------------------------------- */

/*
 * For whoever starts measuring processes: an empty table with room for what fits into `bytes`:
 * files beyond that are read each time. Memory is used as it fills. NULL: there is none.
 */
struct known_files *known_files_new(size_t bytes);
void known_files_free(struct known_files **k);

/* Whether the child of the next fork gets it; at first none does. Of a child it is the only one. */
void known_files_lend(struct known_files *k, bool lent);

/* Of a measuring process, to which it was lent. -------------------------------------------------
 */

/*
 * For a measuring process, to which it was lent: at the beginning, and at the end of a round in
 * which all was looked at: what was not looked at by then is forgotten in the next one.
 * `reread_percent`: 1 to 100, how much of what is known is to be read again.
 */
void known_files_begin(struct known_files *k, unsigned reread_percent);
void known_files_end(struct known_files *k);

/*
 * For another thread of it, until the end of the round: the same table. The one that it is of may
 * be used meanwhile, and is freed after it. NULL: no memory.
 */
struct known_files *known_files_helper(struct known_files *of);
void known_files_helper_free(struct known_files **helper);

/* What is known of files that may grow, in the same memory. */
struct growing *known_files_growing(struct known_files *k);

/*
 * `bare`: whether the file is known to have nothing but content and what statx says of it. Whoever
 * keeps it so may find it so, without a look at its attributes: these do not change without a time.
 */

/*
 * The digest of the first `size` bytes of a regular file, and when they were read, in seconds since
 * 1970. False: they are to be read.
 */
bool known_files_find(struct known_files *k, const struct statx *s, uint64_t size, bool bare,
    struct digest *digest, uint32_t *read_s);

/*
 * Whether a file of this status ends where it says, and a reading that ends before is none of the
 * kernel's habits: on a disk.
 */
bool known_files_ends_there(struct known_files *k, int fd, const struct statx *s);

/*
 * Keeps the digest of so many bytes of the file `fd` that was read from `began` (wall clock) on,
 * and was `s` before and behind it; if it can be kept.
 */
void known_files_keep(struct known_files *k, int fd, const struct statx *s, uint64_t size,
    bool bare, const struct timespec *began, const struct digest *digest);

#endif

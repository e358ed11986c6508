/*
 * SHA-256 of a file's bytes through one fixed buffer: files are never mapped nor held whole, so
 * memory does not depend on what is measured. What earlier rounds have read and is the same since
 * is not read again (collector/content/known_files.h).
 */
#ifndef HALLMARK_COLLECTOR_FILES_FILEHASH_H
#define HALLMARK_COLLECTOR_FILES_FILEHASH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/content/known_files.h"
#include "collector/files/allowance.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define FILEHASH_BUFFER_SIZE (128 * 1024) /* bytes: more is not faster, less costs system calls */

struct filehash;

struct filehash *filehash_new(void); /* NULL: no memory, or no SHA-256 */
void filehash_free(struct filehash **h);

/*
 * For another thread: what it may still read, how fast, and what is known are those of `of`, which
 * ends after it, and may be used meanwhile. NULL: as above.
 */
struct filehash *filehash_helper(struct filehash *of);

/* Counts for `of`, which is not used meanwhile, what the helper has counted, and frees it. */
void filehash_join(struct filehash *of, struct filehash **helper);

/* It reads so many bytes from now on, and no file of which more is left; and how many are left. */
void filehash_limit(struct filehash *h, uint64_t bytes);
uint64_t filehash_left(const struct filehash *h);

/* So many bytes were read elsewhere. ERR_BUDGET if that is more than what was left. */
enum err filehash_spend(struct filehash *h, uint64_t bytes) MUST_USE;

/* It reads no faster from now on (collector/content/rate.h). */
void filehash_rate(struct filehash *h, uint64_t bytes_per_s);

/*
 * What was read before is found in `known` from now on, which is borrowed and is begun, and what is
 * read is kept in it. NULL, as at first: nothing is known.
 */
void filehash_know(struct filehash *h, struct known_files *known);

/* Whether all files were told of in the round before, within what may be read. */
bool filehash_knows_all(struct filehash *h);

/* What is known of files that may grow; NULL: nothing is, nor kept. */
struct growing *filehash_growing(struct filehash *h);

/* Tells this one of what was read so far (collector/files/allowance.h); NULL: nobody. */
void filehash_tell(struct filehash *h, allowance_told *to, void *context);

/* Since filehash_count_anew: of whose content the digest was told. */
struct filehash_count {
	uint64_t files;
	uint64_t known;    /* of them: not read again */
	uint64_t oldest_s; /* when the one was read that was read first; seconds since 1970 */
};
void filehash_count_anew(struct filehash *h);
const struct filehash_count *filehash_counted(const struct filehash *h);

/*
 * Reads the regular file `fd` from its beginning to its end and fills digest, size, mode, owner of
 * `out`, and adds COMPONENT_FILE_CHANGED if it changed meanwhile (size, times, or bytes read); then
 * digest and size are of what was read. A file that grows as fast as it is read ends one buffer
 * behind its first size, a small one at 16 MiB. A file with content of another size than it says,
 * as the kernel makes them, is read twice. A file that cannot be read to its end gets the zero
 * digest and COMPONENT_FILE_UNREADABLE; that is no error. ERR_CLOSED: the program was asked to
 * stop. ERR_CRYPTO. ERR_BUDGET: it is larger than what may be read; nothing was. `bare`: as
 * known_files has it.
 */
enum err filehash_describe(
    struct filehash *h, int fd, bool bare, struct component_file *out) MUST_USE;

/* A file that was opened under a name, and looked at since. */
struct filehash_open {
	int fd;
	struct statx before;   /* KNOWN_FILES_MASK, of `fd` */
	struct timespec began; /* wall clock, before that */
	bool bare;
	bool anew; /* it is to be read whatever is known */
	/* Behind its reading it is looked for under its name: one look for both. */
	int dir;
	const char *name;
	bool has_behind; /* out: that was done, and what has the name is `behind` */
	struct statx behind;
};

/* filehash_describe of one. */
enum err filehash_describe_open(
    struct filehash *h, struct filehash_open *f, struct component_file *out) MUST_USE;

/* Whether two looks were at the same file, whatever it has become. */
bool filehash_is_same_file(const struct statx *a, const struct statx *b);

/* Where to take a digest on the way. */
struct filehash_mark {
	uint64_t size; /* of the first bytes */
	struct digest digest;
};

/*
 * The same of the first `size` bytes, and of no more than the file has when it is asked: what is
 * behind them may change meanwhile, and COMPONENT_FILE_CHANGED is not added. `mark`: taken in the
 * same reading, zero where there are not so many; then, nothing that is known is made use of. NULL:
 * there is none.
 */
enum err filehash_beginning(struct filehash *h, int fd, bool bare, uint64_t size,
    struct filehash_mark *mark, struct component_file *out) MUST_USE;

/*
 * filehash_describe of a bare file of which KNOWN_FILES_MASK says this, without opening it, if it
 * is known and not to be read again now. False: nothing was done.
 */
bool filehash_recall(
    struct filehash *h, const struct statx *s, struct component_file *out) MUST_USE;

/* Size, mode and owner of `out` from `s`. */
void filehash_set_stat(struct component_file *out, const struct stat *s);
void filehash_set_statx(struct component_file *out, const struct statx *s);

#endif

#include "collector/files/filehash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

/* Bytes: what /proc (0) and /sys (a page, or two) say of files, and what is read of such a one. */
#define GENERATED_SIZE_SAID 8192
#define GENERATED_MAX       (16 * 1024 * 1024)

struct filehash {
	struct allowance own,
	    *allowance;            /* that which counts: its own, or that of which it helps */
	struct known_files *known; /* NULL: nothing is */
	struct filehash_count count;
	EVP_MD *algorithm;
	EVP_MD_CTX *context, *marked;
	uint8_t buffer[FILEHASH_BUFFER_SIZE];
};

static bool look(int fd, struct timespec *began, struct statx *before, struct component_file *out);
static bool look_again(struct filehash_open *f, struct statx *after);
static enum err say_unreadable(struct component_file *out);
static enum err reads_otherwise(struct filehash *h, int fd, const struct statx *before,
    uint64_t size, const struct digest *digest, bool *otherwise);
static enum err hash_once(
    struct filehash *h, int fd, const struct statx *before, uint64_t *size, struct digest *digest);
static enum err hash_beginning(struct filehash *h, int fd, struct filehash_mark *mark, uint64_t end,
    uint64_t *size, struct digest *digest);
static enum err hash_up_to(struct filehash *h, int fd, uint64_t end, uint64_t *size);
static enum err hash_next(struct filehash *h, int fd, uint64_t most, uint64_t *size);
static bool recall(struct filehash *h, const struct statx *s, uint64_t size, bool bare,
    struct component_file *out);
static void note(struct filehash *h, bool known, uint32_t read_s);
static bool has_changed(const struct statx *before, const struct statx *after);

struct filehash *
filehash_new(void)
{
	struct filehash *h = malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	allowance_begin(&h->own);
	h->allowance = &h->own;
	h->known = NULL;
	filehash_count_anew(h);
	h->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->context = EVP_MD_CTX_new();
	h->marked = EVP_MD_CTX_new();
	if (h->algorithm == NULL || h->context == NULL || h->marked == NULL)
		filehash_free(&h);
	return h;
}

void
filehash_free(struct filehash **h)
{
	if (*h == NULL)
		return;
	EVP_MD_CTX_free((*h)->context);
	EVP_MD_CTX_free((*h)->marked);
	EVP_MD_free((*h)->algorithm);
	free(*h);
	*h = NULL;
}

struct filehash *
filehash_helper(struct filehash *of)
{
	struct filehash *h = filehash_new();

	if (h == NULL)
		return NULL;
	h->allowance = of->allowance;
	if (of->known != NULL && (h->known = known_files_helper(of->known)) == NULL)
		filehash_free(&h);
	return h;
}

void
filehash_join(struct filehash *of, struct filehash **helper)
{
	const struct filehash_count *c = &(*helper)->count;

	if (c->files > 0 && (of->count.files == 0 || c->oldest_s < of->count.oldest_s))
		of->count.oldest_s = c->oldest_s;
	of->count.files += c->files;
	of->count.known += c->known;
	if ((*helper)->known != NULL)
		known_files_helper_free(&(*helper)->known);
	filehash_free(helper);
}

void
filehash_limit(struct filehash *h, uint64_t bytes)
{
	atomic_store(&h->own.left, bytes);
}

uint64_t
filehash_left(const struct filehash *h)
{
	return atomic_load(&h->allowance->left);
}

void
filehash_know(struct filehash *h, struct known_files *known)
{
	h->known = known;
}

bool
filehash_knows_all(struct filehash *h)
{
	return h->known != NULL && growing_was_told(known_files_growing(h->known));
}

struct growing *
filehash_growing(struct filehash *h)
{
	return h->known != NULL ? known_files_growing(h->known) : NULL;
}

void
filehash_rate(struct filehash *h, uint64_t bytes_per_s)
{
	rate_begin(&h->own.rate, bytes_per_s);
}

void
filehash_tell(struct filehash *h, allowance_told *to, void *context)
{
	allowance_tell(&h->own, to, context);
}

void
filehash_count_anew(struct filehash *h)
{
	memset(&h->count, 0, sizeof(h->count));
}

const struct filehash_count *
filehash_counted(const struct filehash *h)
{
	return &h->count;
}

enum err
filehash_spend(struct filehash *h, uint64_t bytes)
{
	return allowance_settle(h->allowance, 0, bytes) ? ERR_OK : ERR_BUDGET;
}

enum err
filehash_describe(struct filehash *h, int fd, bool bare, struct component_file *out)
{
	struct filehash_open f = {.fd = fd, .bare = bare};

	if (!look(fd, &f.began, &f.before, out))
		return say_unreadable(out);
	return filehash_describe_open(h, &f, out);
}

enum err
filehash_describe_open(struct filehash *h, struct filehash_open *f, struct component_file *out)
{
	struct statx after;
	uint64_t size = 0;
	bool changed;
	enum err e;

	out->digest = DIGEST_ZERO;
	filehash_set_statx(out, &f->before);
	if (!allowance_take(h->allowance, out->size))
		return ERR_BUDGET;
	if (!f->anew && recall(h, &f->before, f->before.stx_size, f->bare, out))
		return ERR_OK;
	e = hash_once(h, f->fd, &f->before, &size, &out->digest);
	(void)allowance_settle(h->allowance, out->size, size);
	if (e == ERR_IO)
		return say_unreadable(out);
	if (e != ERR_OK)
		return e;
	changed = !look_again(f, &after) || has_changed(&f->before, &after);
	if (!changed && size != after.stx_size &&
	    (e = reads_otherwise(h, f->fd, &f->before, size, &out->digest, &changed)) != ERR_OK)
		return e;
	if (changed)
		out->flags |= COMPONENT_FILE_CHANGED;
	else if (h->known != NULL)
		known_files_keep(
		    h->known, f->fd, &after, after.stx_size, f->bare, &f->began, &out->digest);
	out->size = size;
	note(h, false, (uint32_t)f->began.tv_sec);
	return ERR_OK;
}

bool
filehash_is_same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_ino == b->stx_ino;
}

enum err
filehash_beginning(struct filehash *h, int fd, bool bare, uint64_t size, struct filehash_mark *mark,
    struct component_file *out)
{
	struct statx before, after;
	struct timespec began;
	enum err e;

	if (!look(fd, &began, &before, out))
		return say_unreadable(out);
	if (size > out->size)
		size = out->size;
	if (!allowance_take(h->allowance, size))
		return ERR_BUDGET;
	if (mark == NULL && recall(h, &before, size, bare, out)) {
		out->size = size;
		return ERR_OK;
	}
	e = hash_beginning(h, fd, mark, size, &out->size, &out->digest);
	(void)allowance_settle(h->allowance, size, out->size);
	if (e == ERR_IO)
		return say_unreadable(out);
	if (e != ERR_OK)
		return e;
	if (h->known != NULL && out->size == size &&
	    statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &after) == 0 &&
	    !has_changed(&before, &after))
		known_files_keep(h->known, fd, &after, size, bare, &began, &out->digest);
	note(h, false, (uint32_t)began.tv_sec);
	return ERR_OK;
}

/* What it is before it is read, and from when on that may be; it has no digest so far. */
static bool
look(int fd, struct timespec *began, struct statx *before, struct component_file *out)
{
	out->digest = DIGEST_ZERO;
	(void)clock_gettime(CLOCK_REALTIME, began);
	if (statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, before) != 0)
		return false;
	filehash_set_statx(out, before);
	return true;
}

static bool
look_again(struct filehash_open *f, struct statx *after)
{
	f->has_behind =
	    f->name != NULL && statx(f->dir, f->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
				   KNOWN_FILES_MASK, &f->behind) == 0;
	if (f->has_behind && filehash_is_same_file(&f->before, &f->behind)) {
		*after = f->behind;
		return true;
	}
	return statx(f->fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, after) == 0;
}

/* That is evidence, and no error; it has the zero digest. */
static enum err
say_unreadable(struct component_file *out)
{
	out->flags |= COMPONENT_FILE_UNREADABLE;
	return ERR_OK;
}

/*
 * Content that is made while it is read, as in /proc and /sys, has a size and times that say
 * nothing of it: what is read a second time has to be the same.
 */
static enum err
reads_otherwise(struct filehash *h, int fd, const struct statx *before, uint64_t size,
    const struct digest *digest, bool *otherwise)
{
	struct digest again;
	struct statx after;
	uint64_t size_again = 0;
	enum err e = hash_once(h, fd, before, &size_again, &again);

	(void)allowance_settle(h->allowance, 0, size_again);
	*otherwise = true;
	if (e == ERR_IO)
		return ERR_OK;
	*otherwise = e != ERR_OK || size != size_again || !digest_equal(digest, &again) ||
		     size > GENERATED_MAX ||
		     statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &after) != 0 ||
		     has_changed(before, &after);
	return e;
}

/* From the beginning to the end. */
static enum err
hash_once(
    struct filehash *h, int fd, const struct statx *before, uint64_t *size, struct digest *digest)
{
	const uint64_t said = before->stx_size;
	enum err e;

	if (EVP_DigestInit_ex2(h->context, h->algorithm, NULL) != 1)
		return ERR_CRYPTO;
	*size = 0;
	/* Of a file on a disk nothing is read short of its end, which need not be met once more. */
	if (said > 0 && said < sizeof(h->buffer) && h->known != NULL &&
	    known_files_ends_there(h->known, fd, before))
		e = hash_next(h, fd, sizeof(h->buffer), size);
	else
		e = ERR_OK;
	if (e == ERR_OK && (*size != said || said == 0))
		e = hash_up_to(h, fd,
		    (said > GENERATED_SIZE_SAID ? said : GENERATED_MAX) + FILEHASH_BUFFER_SIZE,
		    size);
	if (e == ERR_OK && EVP_DigestFinal_ex(h->context, digest->bytes, NULL) != 1)
		e = ERR_CRYPTO;
	return e;
}

bool
filehash_recall(struct filehash *h, const struct statx *s, struct component_file *out)
{
	if (h->known == NULL || !S_ISREG(s->stx_mode) || s->stx_size > filehash_left(h) ||
	    !recall(h, s, s->stx_size, true, out) || !allowance_take(h->allowance, s->stx_size))
		return false;
	filehash_set_statx(out, s);
	return true;
}

void
filehash_set_stat(struct component_file *out, const struct stat *s)
{
	out->size = s->st_size > 0 ? (uint64_t)s->st_size : 0;
	out->mode = s->st_mode;
	out->uid = s->st_uid;
	out->gid = s->st_gid;
}

void
filehash_set_statx(struct component_file *out, const struct statx *s)
{
	out->size = s->stx_size <= INT64_MAX ? s->stx_size : 0;
	out->mode = s->stx_mode;
	out->uid = s->stx_uid;
	out->gid = s->stx_gid;
}

/* Also of a mark that is on the way. */
static enum err
hash_beginning(struct filehash *h, int fd, struct filehash_mark *mark, uint64_t end, uint64_t *size,
    struct digest *digest)
{
	enum err e = ERR_OK;

	if (EVP_DigestInit_ex2(h->context, h->algorithm, NULL) != 1)
		return ERR_CRYPTO;
	*size = 0;
	if (mark != NULL) {
		mark->digest = DIGEST_ZERO;
		e = hash_up_to(h, fd, mark->size < end ? mark->size : end, size);
		if (e == ERR_OK && *size == mark->size &&
		    (EVP_MD_CTX_copy_ex(h->marked, h->context) != 1 ||
			EVP_DigestFinal_ex(h->marked, mark->digest.bytes, NULL) != 1))
			e = ERR_CRYPTO;
	}
	if (e == ERR_OK)
		e = hash_up_to(h, fd, end, size);
	if (e == ERR_OK && EVP_DigestFinal_ex(h->context, digest->bytes, NULL) != 1)
		e = ERR_CRYPTO;
	return e;
}

/* Goes on behind the first `size` bytes. */
static enum err
hash_up_to(struct filehash *h, int fd, uint64_t end, uint64_t *size)
{
	uint64_t before;
	enum err e = ERR_OK;

	if (end - *size > 2 * sizeof(h->buffer))
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (e == ERR_OK && *size < end) {
		before = *size;
		e = hash_next(h, fd, end - *size, size);
		if (e == ERR_OK && *size == before)
			break;
	}
	return e;
}

/* One buffer of it, or `most`, or nothing where it ends. */
static enum err
hash_next(struct filehash *h, int fd, uint64_t most, uint64_t *size)
{
	ssize_t got;

	do {
		if (interrupt_stop())
			return ERR_CLOSED;
		got = pread(fd, h->buffer, most < sizeof(h->buffer) ? most : sizeof(h->buffer),
		    (off_t)*size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return ERR_IO;
	if (EVP_DigestUpdate(h->context, h->buffer, (size_t)got) != 1)
		return ERR_CRYPTO;
	*size += (uint64_t)got;
	if (got > 0)
		allowance_count_bytes(h->allowance, (uint64_t)got);
	return ERR_OK;
}

/* What is known costs as much of the budget as what is read: it must do when that is forgotten. */
static bool
recall(
    struct filehash *h, const struct statx *s, uint64_t size, bool bare, struct component_file *out)
{
	uint32_t read_s;

	if (h->known == NULL || !known_files_find(h->known, s, size, bare, &out->digest, &read_s))
		return false;
	note(h, true, read_s);
	return true;
}

static void
note(struct filehash *h, bool known, uint32_t read_s)
{
	h->count.files++;
	h->count.known += known;
	if (h->count.files == 1 || read_s < h->count.oldest_s)
		h->count.oldest_s = read_s;
	allowance_count_file(h->allowance);
}

static bool
has_changed(const struct statx *before, const struct statx *after)
{
	return before->stx_size != after->stx_size ||
	       before->stx_mtime.tv_sec != after->stx_mtime.tv_sec ||
	       before->stx_mtime.tv_nsec != after->stx_mtime.tv_nsec ||
	       before->stx_ctime.tv_sec != after->stx_ctime.tv_sec ||
	       before->stx_ctime.tv_nsec != after->stx_ctime.tv_nsec;
}

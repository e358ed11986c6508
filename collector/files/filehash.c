#include "collector/files/filehash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/content/rate.h"
#include "collector/ground/interrupt.h"

/* Bytes: what /proc (0) and /sys (a page, or two) say of files, and what is read of such a one. */
#define GENERATED_SIZE_SAID 8192
#define GENERATED_MAX       (16 * 1024 * 1024)

struct filehash {
	uint64_t left;             /* bytes that it may still read */
	struct known_files *known; /* NULL: nothing is */
	struct rate rate;
	struct filehash_count count;
	struct telling {
		filehash_told *to; /* NULL: nobody */
		void *context;
		uint64_t files, bytes, due_ms;
	} telling;
	EVP_MD *algorithm;
	EVP_MD_CTX *context, *marked;
	uint8_t buffer[FILEHASH_BUFFER_SIZE];
};

static bool look(int fd, struct timespec *began, struct statx *before, struct component_file *out);
static enum err say_unreadable(struct component_file *out);
static enum err reads_otherwise(struct filehash *h, int fd, const struct statx *before,
    uint64_t size, const struct digest *digest, bool *otherwise);
static enum err hash_once(
    struct filehash *h, int fd, uint64_t size_said, uint64_t *size, struct digest *digest);
static enum err hash_beginning(struct filehash *h, int fd, struct filehash_mark *mark, uint64_t end,
    uint64_t *size, struct digest *digest);
static enum err hash_up_to(struct filehash *h, int fd, uint64_t end, uint64_t *size);
static bool recall(struct filehash *h, const struct statx *s, uint64_t size, bool bare,
    struct component_file *out);
static void note(struct filehash *h, bool known, uint32_t read_s);
static void tell(struct telling *t);
static bool has_changed(const struct statx *before, const struct statx *after);

struct filehash *
filehash_new(void)
{
	struct filehash *h = malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->left = UINT64_MAX;
	h->known = NULL;
	rate_begin(&h->rate, 0);
	filehash_tell(h, NULL, NULL);
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

void
filehash_limit(struct filehash *h, uint64_t bytes)
{
	h->left = bytes;
}

uint64_t
filehash_left(const struct filehash *h)
{
	return h->left;
}

void
filehash_know(struct filehash *h, struct known_files *known)
{
	h->known = known;
}

struct growing *
filehash_growing(struct filehash *h)
{
	return h->known != NULL ? known_files_growing(h->known) : NULL;
}

void
filehash_rate(struct filehash *h, uint64_t bytes_per_s)
{
	rate_begin(&h->rate, bytes_per_s);
}

void
filehash_tell(struct filehash *h, filehash_told *to, void *context)
{
	h->telling = (struct telling){
	    .to = to, .context = context, .due_ms = interrupt_clock_ms() + FILEHASH_TELL_MS};
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
	const bool enough = bytes <= h->left;

	h->left -= enough ? bytes : h->left;
	return enough ? ERR_OK : ERR_BUDGET;
}

enum err
filehash_describe(struct filehash *h, int fd, bool bare, struct component_file *out)
{
	struct statx before, after;
	struct timespec began;
	uint64_t size = 0;
	bool changed;
	enum err e;

	if (!look(fd, &began, &before, out))
		return say_unreadable(out);
	if (out->size > h->left)
		return ERR_BUDGET;
	if (recall(h, &before, before.stx_size, bare, out))
		return ERR_OK;
	e = hash_once(h, fd, before.stx_size, &size, &out->digest);
	if (e == ERR_IO)
		return say_unreadable(out);
	if (e != ERR_OK)
		return e;
	changed = statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &after) != 0 ||
		  has_changed(&before, &after);
	if (!changed && size != after.stx_size &&
	    (e = reads_otherwise(h, fd, &before, size, &out->digest, &changed)) != ERR_OK)
		return e;
	if (changed)
		out->flags |= COMPONENT_FILE_CHANGED;
	else if (h->known != NULL)
		known_files_keep(h->known, fd, &after, after.stx_size, bare, &began, &out->digest);
	out->size = size;
	note(h, false, (uint32_t)began.tv_sec);
	return ERR_OK;
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
	if (size > h->left)
		return ERR_BUDGET;
	if (mark == NULL && recall(h, &before, size, bare, out)) {
		out->size = size;
		return ERR_OK;
	}
	e = hash_beginning(h, fd, mark, size, &out->size, &out->digest);
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
	uint64_t size_again;
	enum err e = hash_once(h, fd, before->stx_size, &size_again, &again);

	*otherwise = true;
	if (e == ERR_IO)
		return ERR_OK;
	*otherwise = e != ERR_OK || size != size_again || !digest_equal(digest, &again) ||
		     size > GENERATED_MAX ||
		     statx(fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &after) != 0 ||
		     has_changed(before, &after);
	return e;
}

/* From the beginning to the end, and what it costs of the budget. */
static enum err
hash_once(struct filehash *h, int fd, uint64_t size_said, uint64_t *size, struct digest *digest)
{
	enum err e;

	if (EVP_DigestInit_ex2(h->context, h->algorithm, NULL) != 1)
		return ERR_CRYPTO;
	*size = 0;
	e = hash_up_to(h, fd,
	    (size_said > GENERATED_SIZE_SAID ? size_said : GENERATED_MAX) + FILEHASH_BUFFER_SIZE,
	    size);
	h->left -= *size < h->left ? *size : h->left;
	if (e == ERR_OK && EVP_DigestFinal_ex(h->context, digest->bytes, NULL) != 1)
		e = ERR_CRYPTO;
	return e;
}

bool
filehash_recall(struct filehash *h, const struct statx *s, struct component_file *out)
{
	if (h->known == NULL || !S_ISREG(s->stx_mode) || s->stx_size > h->left ||
	    !recall(h, s, s->stx_size, true, out))
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
	h->left -= *size < h->left ? *size : h->left;
	if (e == ERR_OK && EVP_DigestFinal_ex(h->context, digest->bytes, NULL) != 1)
		e = ERR_CRYPTO;
	return e;
}

/* Goes on behind the first `size` bytes. */
static enum err
hash_up_to(struct filehash *h, int fd, uint64_t end, uint64_t *size)
{
	ssize_t got;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (*size < end) {
		const uint64_t rest = end - *size;

		if (interrupt_stop())
			return ERR_CLOSED;
		got = pread(fd, h->buffer, rest < sizeof(h->buffer) ? rest : sizeof(h->buffer),
		    (off_t)*size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		if (EVP_DigestUpdate(h->context, h->buffer, (size_t)got) != 1)
			return ERR_CRYPTO;
		*size += (uint64_t)got;
		rate_keep(&h->rate, (uint64_t)got);
		h->telling.bytes += (uint64_t)got;
		tell(&h->telling);
	}
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
	h->left -= size;
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
	h->telling.files++;
	tell(&h->telling);
}

static void
tell(struct telling *t)
{
	uint64_t now_ms;

	if (t->to == NULL || (now_ms = interrupt_clock_ms()) < t->due_ms)
		return;
	t->due_ms = now_ms + FILEHASH_TELL_MS;
	t->to(t->context, t->files, t->bytes);
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

#include "collector/measure/filehash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

struct filehash {
	uint64_t left; /* bytes that it may still read */
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
	uint8_t buffer[FILEHASH_BUFFER_SIZE];
};

static enum err hash_all(struct filehash *h, int fd, uint64_t size_first, uint64_t *size);
static bool stat_changed(const struct stat *before, const struct stat *after);

struct filehash *
filehash_new(void)
{
	struct filehash *h = malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->left = UINT64_MAX;
	h->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->context = EVP_MD_CTX_new();
	if (h->algorithm == NULL || h->context == NULL)
		filehash_free(&h);
	return h;
}

void
filehash_free(struct filehash **h)
{
	if (*h == NULL)
		return;
	EVP_MD_CTX_free((*h)->context);
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

enum err
filehash_spend(struct filehash *h, uint64_t bytes)
{
	const bool enough = bytes <= h->left;

	h->left -= enough ? bytes : h->left;
	return enough ? ERR_OK : ERR_BUDGET;
}

enum err
filehash_describe(struct filehash *h, int fd, struct component_file *out)
{
	struct stat before, after;
	uint64_t size = 0;
	enum err e;

	out->digest = DIGEST_ZERO;
	if (fstat(fd, &before) != 0) {
		out->flags |= COMPONENT_FILE_UNREADABLE;
		return ERR_OK;
	}
	filehash_set_stat(out, &before);
	if (out->size > h->left)
		return ERR_BUDGET;
	if (EVP_DigestInit_ex2(h->context, h->algorithm, NULL) != 1)
		return ERR_CRYPTO;
	e = hash_all(h, fd, (uint64_t)before.st_size, &size);
	h->left -= size < h->left ? size : h->left;
	if (e == ERR_IO) {
		out->flags |= COMPONENT_FILE_UNREADABLE;
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (EVP_DigestFinal_ex(h->context, out->digest.bytes, NULL) != 1)
		return ERR_CRYPTO;
	if (fstat(fd, &after) != 0 || stat_changed(&before, &after) ||
	    size != (uint64_t)after.st_size)
		out->flags |= COMPONENT_FILE_CHANGED;
	out->size = size;
	return ERR_OK;
}

void
filehash_set_stat(struct component_file *out, const struct stat *s)
{
	out->size = s->st_size > 0 ? (uint64_t)s->st_size : 0;
	out->mode = s->st_mode;
	out->uid = s->st_uid;
	out->gid = s->st_gid;
}

static enum err
hash_all(struct filehash *h, int fd, uint64_t size_first, uint64_t *size)
{
	ssize_t got;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*size = 0;
	while (*size <= size_first) {
		if (interrupt_stop())
			return ERR_CLOSED;
		got = pread(fd, h->buffer, sizeof(h->buffer), (off_t)*size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		if (EVP_DigestUpdate(h->context, h->buffer, (size_t)got) != 1)
			return ERR_CRYPTO;
		*size += (uint64_t)got;
	}
	return ERR_OK;
}

static bool
stat_changed(const struct stat *before, const struct stat *after)
{
	return before->st_size != after->st_size ||
	       before->st_mtim.tv_sec != after->st_mtim.tv_sec ||
	       before->st_mtim.tv_nsec != after->st_mtim.tv_nsec ||
	       before->st_ctim.tv_sec != after->st_ctim.tv_sec ||
	       before->st_ctim.tv_nsec != after->st_ctim.tv_nsec;
}

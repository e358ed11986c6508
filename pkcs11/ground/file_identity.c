#include "pkcs11/ground/file_identity.h"

#include <sys/stat.h>

static void take(const struct stat *st, struct file_identity *out);

void
file_identity_of(const char *path, struct file_identity *out)
{
	struct stat st;

	*out = (struct file_identity){0, 0, 0};
	if (stat(path, &st) == 0)
		take(&st, out);
}

void
file_identity_of_open(int fd, struct file_identity *out)
{
	struct stat st;

	*out = (struct file_identity){0, 0, 0};
	if (fstat(fd, &st) == 0)
		take(&st, out);
}

bool
file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
	return a->inode == b->inode && a->mtime_ns == b->mtime_ns && a->size == b->size;
}

static void
take(const struct stat *st, struct file_identity *out)
{
	out->inode = (uint64_t)st->st_ino;
	out->mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
	out->size = (uint64_t)st->st_size;
}

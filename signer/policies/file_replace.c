#include "signer/policies/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signer/policies/told.h"

static bool write_beside(const char *path, struct view text, const struct stat *like);

bool
file_replace(const char *path, struct view text)
{
	char *file = realpath(path, NULL);
	struct stat st;
	bool good;

	if (file == NULL || stat(file, &st) != 0)
		good = told_failure(path, strerror(errno));
	else
		good = write_beside(file, text, &st);
	free(file);
	return good;
}

/* A change of the owner takes bits of the mode away, so it comes first. */
static bool
write_beside(const char *path, struct view text, const struct stat *like)
{
	char *beside;
	bool good = false;
	int fd;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		abort();
	if ((fd = mkostemp(beside, O_CLOEXEC)) < 0) {
		(void)told_failure(path, strerror(errno));
	} else {
		good = fchown(fd, like->st_uid, like->st_gid) == 0 &&
		       fchmod(fd, like->st_mode & 07777) == 0 && told_write(fd, text) &&
		       fsync(fd) == 0 && rename(beside, path) == 0;
		if (!good) {
			(void)told_failure(path, strerror(errno));
			(void)unlink(beside);
		}
		close(fd);
	}
	free(beside);
	return good;
}

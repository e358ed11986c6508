/*
 * A directory, in memory where the system has one for that, for parsers that read files by name;
 * and silence for those that say on stderr what is wrong: thousands of times a second nobody reads
 * that.
 */
#ifndef HALLMARK_TESTS_FUZZ_SCRATCH_H
#define HALLMARK_TESTS_FUZZ_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_path[64];
static int scratch_fd = -1;

static inline int
scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
scratch_remove(void)
{
	(void)nftw(scratch_path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Its path; made by the first call, removed when the program ends. */
static inline const char *
scratch_directory(void)
{
	if (scratch_fd < 0) {
		(void)snprintf(scratch_path, sizeof(scratch_path), "%s/hallmark-fuzz-XXXXXX",
		    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (mkdtemp(scratch_path) == NULL || atexit(scratch_remove) != 0 ||
		    (scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
			abort();
	}
	return scratch_path;
}

/* The file has exactly these bytes then. */
static inline void
scratch_write(const char *name, const uint8_t *data, size_t size)
{
	int fd;

	(void)scratch_directory();
	fd = openat(scratch_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0)
		abort();
}

/* Nothing is said until scratch_speak gets what this returns. */
static inline int
scratch_hush(void)
{
	const int before = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (before < 0 || nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0)
		abort();
	close(nowhere);
	return before;
}

static inline void
scratch_speak(int before)
{
	if (dup2(before, STDERR_FILENO) < 0)
		abort();
	close(before);
}

#endif

#include "register/witness/stamp_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/encoding.h"
#include "register/follow/state_file.h"

static bool is_kept(int directory, const char *name, uint64_t *size);
static int compare(const void *a, const void *b);

void
stamp_file_name(uint64_t size, const char *ending, char name[STAMP_FILE_NAME_SIZE])
{
	(void)snprintf(name, STAMP_FILE_NAME_SIZE, "%" PRIu64 "%s", size, ending);
}

enum err
stamp_files_read(int directory, struct stamp_files *out)
{
	const int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listed = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *entry;
	uint64_t size;
	enum err e = ERR_OK;

	*out = (struct stamp_files){NULL, 0};
	if (listed == NULL) {
		if (own >= 0)
			close(own);
		return ERR_IO;
	}
	while (e == ERR_OK && (errno = 0, entry = readdir(listed)) != NULL)
		if (is_kept(directory, entry->d_name, &size))
			e = stamp_files_add(out, size);
	if (e == ERR_OK && errno != 0)
		e = ERR_IO;
	(void)closedir(listed);
	if (out->count > 0)
		qsort(out->size, out->count, sizeof(*out->size), compare);
	return e;
}

void
stamp_files_free(struct stamp_files *f)
{
	free(f->size);
	*f = (struct stamp_files){NULL, 0};
}

enum err
stamp_files_keep(int directory, uint64_t size, struct view note, struct view reply)
{
	char name[STAMP_FILE_NAME_SIZE];
	enum err e;

	stamp_file_name(size, STAMP_FILE_REPLY, name);
	if ((e = state_file_replace(directory, name, reply)) != ERR_OK)
		return e;
	stamp_file_name(size, STAMP_FILE_NOTE, name);
	return state_file_replace(directory, name, note);
}

enum err
stamp_files_add(struct stamp_files *f, uint64_t size)
{
	/* Room is doubled: it is full where the count is a power of two. */
	if ((f->count & (f->count - 1)) == 0) {
		const size_t room = f->count == 0 ? 1 : f->count * 2;
		uint64_t *more = reallocarray(f->size, room, sizeof(*more));

		if (more == NULL)
			return ERR_MEMORY;
		f->size = more;
	}
	f->size[f->count++] = size;
	return ERR_OK;
}

uint64_t
stamp_files_newest(const struct stamp_files *f)
{
	return f->count > 0 ? f->size[f->count - 1] : 0;
}

bool
stamp_files_covering(const struct stamp_files *f, uint64_t size, uint64_t *found)
{
	size_t from = 0, to = f->count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (f->size[middle] >= size)
			to = middle;
		else
			from = middle + 1;
	}
	if (from == f->count)
		return false;
	*found = f->size[from];
	return true;
}

/* A note in its one name, with the reply to it. */
static bool
is_kept(int directory, const char *name, uint64_t *size)
{
	const size_t ending = sizeof(STAMP_FILE_NOTE) - 1, length = strlen(name);
	char reply[STAMP_FILE_NAME_SIZE];

	if (length <= ending || strcmp(name + length - ending, STAMP_FILE_NOTE) != 0 ||
	    decimal_decode((struct view){(const uint8_t *)name, length - ending}, size) != ERR_OK)
		return false;
	stamp_file_name(*size, STAMP_FILE_REPLY, reply);
	return faccessat(directory, reply, R_OK, 0) == 0;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

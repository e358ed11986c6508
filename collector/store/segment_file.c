#include "collector/store/segment_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/savefile.h"

#define PREFIX      "segments-"
#define DIGITS      8
#define NAME_SIZE   32 /* bytes with NUL */
#define RECORD_SIZE (DIGEST_SIZE + 4)

static void name_of(uint32_t number, char name[NAME_SIZE]);
static void name_beside(uint32_t number, char name[NAME_SIZE]);
static enum err fail(const struct segment_writer *w, const char *what, struct trouble *t);
static enum err each_record(
    int fd, uint32_t number, uint64_t size, segment_file_visit *visit, void *context);

bool
segment_file_is(const char *name, uint32_t *number)
{
	const char *digits = name + strlen(PREFIX);

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strlen(digits) != DIGITS ||
	    strspn(digits, "0123456789") != DIGITS)
		return false;
	*number = (uint32_t)strtoul(digits, NULL, 10);
	return true;
}

enum err
segment_writer_begin(struct segment_writer *w, int dir, uint32_t number, struct trouble *t)
{
	char beside[NAME_SIZE];

	*w = (struct segment_writer){.dir = dir, .fd = -1, .number = number};
	name_beside(number, beside);
	w->fd = openat(dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return w->fd >= 0 ? ERR_OK : fail(w, "created", t);
}

enum err
segment_writer_add(
    struct segment_writer *w, const struct digest *digest, struct view bytes, struct trouble *t)
{
	uint8_t head[RECORD_SIZE];

	memcpy(head, digest->bytes, DIGEST_SIZE);
	be32_put(head + DIGEST_SIZE, (uint32_t)bytes.size);
	if (savefile_write_at(w->fd, (struct view){head, sizeof(head)}, w->size) != ERR_OK ||
	    savefile_write_at(w->fd, bytes, w->size + sizeof(head)) != ERR_OK) {
		const enum err e = fail(w, "written", t);

		return ftruncate(w->fd, (off_t)w->size) == 0 ? e : fail(w, "cut", t);
	}
	w->size += sizeof(head) + bytes.size;
	return ERR_OK;
}

enum err
segment_writer_end(struct segment_writer *w, struct trouble *t)
{
	char name[NAME_SIZE], beside[NAME_SIZE];
	enum err e = ERR_OK;

	name_of(w->number, name);
	name_beside(w->number, beside);
	if (fsync(w->fd) != 0)
		e = fail(w, "synced", t);
	if (close(w->fd) != 0 && e == ERR_OK)
		e = fail(w, "closed", t);
	w->fd = -1;
	if (e == ERR_OK && renameat(w->dir, beside, w->dir, name) != 0)
		e = fail(w, "renamed into place", t);
	else if (e == ERR_OK && fsync(w->dir) != 0) /* and may not be there after a crash */
		e = trouble_set(t, ERR_IO, "components in the state directory cannot be synced: %s",
		    strerror(errno));
	if (e != ERR_OK)
		(void)unlinkat(w->dir, beside, 0);
	return e;
}

void
segment_writer_give_up(struct segment_writer *w)
{
	char beside[NAME_SIZE];

	if (w->fd < 0)
		return;
	(void)close(w->fd);
	w->fd = -1;
	name_beside(w->number, beside);
	(void)unlinkat(w->dir, beside, 0);
}

enum err
segment_file_each(
    int dir, uint32_t number, segment_file_visit *visit, void *context, uint64_t *size)
{
	struct stat st;
	enum err e = ERR_IO;
	int fd;

	if ((fd = segment_file_open(dir, number)) < 0)
		return ERR_IO;
	if (fstat(fd, &st) == 0) {
		*size = (uint64_t)st.st_size;
		e = each_record(fd, number, *size, visit, context);
	}
	(void)close(fd);
	return e;
}

int
segment_file_open(int dir, uint32_t number)
{
	char name[NAME_SIZE];

	name_of(number, name);
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

enum err
segment_file_read(int dir, const struct segment_place *place, struct buf *to)
{
	uint8_t *room = buf_reserve(to, place->size);
	ssize_t got = -1;
	int fd;

	if (room == NULL)
		return ERR_MEMORY;
	if ((fd = segment_file_open(dir, place->file)) >= 0) {
		got = pread(fd, room, place->size, (off_t)place->offset);
		(void)close(fd);
	}
	if (got != (ssize_t)place->size)
		return ERR_IO;
	to->size += place->size;
	return ERR_OK;
}

void
segment_file_strike(int dir, const struct segment_place *place)
{
	char name[NAME_SIZE];
	ssize_t written;
	int fd;

	name_of(place->file, name);
	if ((fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return;
	written = pwrite(fd, DIGEST_ZERO.bytes, DIGEST_SIZE, (off_t)(place->offset - RECORD_SIZE));
	(void)written;
	(void)close(fd);
}

void
segment_file_remove(int dir, uint32_t number)
{
	char name[NAME_SIZE];

	name_of(number, name);
	(void)unlinkat(dir, name, 0);
}

static enum err
each_record(int fd, uint32_t number, uint64_t size, segment_file_visit *visit, void *context)
{
	struct segment_place place = {.file = number};
	uint8_t head[RECORD_SIZE];
	struct digest digest;
	ssize_t got;

	for (;;) {
		got = pread(fd, head, sizeof(head), (off_t)place.offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)sizeof(head))
			return got < 0 ? ERR_IO : ERR_OK;
		place.size = be32_get(head + DIGEST_SIZE);
		place.offset += sizeof(head);
		if (place.size == 0 || place.offset > size || place.size > size - place.offset)
			return ERR_OK;
		memcpy(digest.bytes, head, DIGEST_SIZE);
		if (!digest_is_zero(&digest))
			visit(context, &digest, &place);
		place.offset += place.size;
	}
}

static void
name_of(uint32_t number, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, PREFIX "%0*" PRIu32, DIGITS, number);
}

/* As savefile.h names what is not whole yet. */
static void
name_beside(uint32_t number, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "." PREFIX "%0*" PRIu32 ".new", DIGITS, number);
}

static enum err
fail(const struct segment_writer *w, const char *what, struct trouble *t)
{
	return trouble_set(t, savefile_error(errno),
	    "components/" PREFIX "%0*" PRIu32 " in the state directory "
	    "cannot be %s: %s",
	    DIGITS, w->number, what, strerror(errno));
}

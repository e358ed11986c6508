#include "signer/ledger/store/pack_files.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/evidence/pack.h"
#include "signer/ledger/store/diskfile.h"

#define PACK_PREFIX "pack-"
#define PACK_DIGITS 8

static enum err last_pack(const char *directory, uint32_t *last);
static enum err scan_pack(const char *path, const struct pack_files_listener *to, uint32_t pack,
    uint64_t offset, uint64_t *end);
static enum err scan_record(const char *path, const struct pack_files_listener *to, uint32_t pack,
    uint64_t offset, uint64_t file_size, uint64_t *next);
static enum err reading_open(struct pack_reading *r, const char *directory, uint32_t pack);
static void say_damaged(const char *path, uint64_t offset, enum err e);

char *
pack_files_path(const char *directory, uint32_t pack)
{
	char name[32];

	snprintf(name, sizeof(name), PACK_PREFIX "%0*" PRIu32, PACK_DIGITS, pack);
	return diskfile_join(directory, name);
}

enum err
pack_files_scan(const char *directory, uint32_t pack, uint64_t offset,
    const struct pack_files_listener *to, uint32_t *last)
{
	uint64_t end;
	enum err e;

	if ((e = last_pack(directory, last)) != ERR_OK)
		return e;
	for (; e == ERR_OK && pack <= *last; pack++, offset = 0) {
		char *path = pack_files_path(directory, pack);

		e = scan_pack(path, to, pack, offset, &end);
		if (e == ERR_OK && pack == *last && end > offset)
			e = diskfile_write_again(path, offset, end);
		free(path);
	}
	return e;
}

enum err
pack_reading_record(struct pack_reading *r, const char *directory,
    const struct index_evidence *place, struct buf *to)
{
	const struct pack_header header = {.kind = place->kind,
	    .size = place->size,
	    .stored = place->stored,
	    .digest = place->digest};
	enum err e;

	buf_clear(&r->stored);
	if ((e = reading_open(r, directory, place->pack)) == ERR_OK)
		e = diskfile_read_open(
		    r->fd, r->path, place->offset + PACK_HEADER_SIZE, place->stored, &r->stored);
	if (e == ERR_OK)
		e = pack_content(&header, buf_view(&r->stored), to);
	return e;
}

void
pack_reading_say_damaged(struct pack_reading *r, uint64_t offset, enum err e)
{
	if (!r->said)
		say_damaged(r->path, offset, e);
	r->said = true;
}

void
pack_reading_end(struct pack_reading *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	buf_free(&r->stored);
}

/* The highest number among the pack files; 0 if there is none. */
static enum err
last_pack(const char *directory, uint32_t *last)
{
	DIR *d = opendir(directory);
	struct dirent *entry;
	uint64_t number;

	*last = 0;
	if (d == NULL)
		return ERR_IO;
	while ((entry = readdir(d)) != NULL) {
		const char *digits = entry->d_name + strlen(PACK_PREFIX);

		if (strncmp(entry->d_name, PACK_PREFIX, strlen(PACK_PREFIX)) != 0 ||
		    strlen(digits) != PACK_DIGITS || strspn(digits, "0123456789") != PACK_DIGITS)
			continue;
		number = strtoull(digits, NULL, 10);
		if (number > *last)
			*last = (uint32_t)number;
	}
	closedir(d);
	return ERR_OK;
}

/* From `offset` on; whole records reach up to `end`. */
static enum err
scan_pack(const char *path, const struct pack_files_listener *to, uint32_t pack, uint64_t offset,
    uint64_t *end)
{
	struct stat st;
	uint64_t next = offset;
	enum err e = ERR_OK;

	*end = offset;
	if (stat(path, &st) != 0 || (uint64_t)st.st_size < offset) {
		say_damaged(path, offset, ERR_NOT_FOUND);
		return ERR_OK;
	}
	while (e == ERR_OK && offset < (uint64_t)st.st_size) {
		e = scan_record(path, to, pack, offset, (uint64_t)st.st_size, &next);
		if (e == ERR_OK)
			offset = next;
	}
	*end = offset;
	if (e == ERR_OK || e == ERR_IO || e == ERR_MEMORY)
		return e;
	say_damaged(path, offset, e);
	return ERR_OK;
}

static enum err
scan_record(const char *path, const struct pack_files_listener *to, uint32_t pack, uint64_t offset,
    uint64_t file_size, uint64_t *next)
{
	struct buf bytes = BUF_INIT, content = BUF_INIT;
	struct pack_header h;
	struct index_evidence place;
	enum err e;

	e = diskfile_read_at(path, offset, PACK_HEADER_SIZE, &bytes);
	if (e == ERR_OK)
		e = pack_header_parse(buf_view(&bytes), &h);
	if (e == ERR_OK && offset + PACK_HEADER_SIZE + h.stored > file_size)
		e = ERR_FORMAT_SIZE;
	buf_clear(&bytes);
	if (e == ERR_OK)
		e = diskfile_read_at(path, offset + PACK_HEADER_SIZE, h.stored, &bytes);
	if (e == ERR_OK)
		e = pack_content(&h, buf_view(&bytes), &content);
	if (e == ERR_OK) {
		place = (struct index_evidence){h.digest, h.kind, pack, offset, h.stored, h.size};
		to->take(to->context, &place);
		*next = offset + PACK_HEADER_SIZE + h.stored;
	}
	buf_free(&bytes);
	buf_free(&content);
	return e;
}

static enum err
reading_open(struct pack_reading *r, const char *directory, uint32_t pack)
{
	if (r->path != NULL && r->pack == pack)
		return r->fd >= 0 ? ERR_OK : ERR_NOT_FOUND;
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	r->said = false;
	r->pack = pack;
	r->path = pack_files_path(directory, pack);
	return diskfile_open_to_read(r->path, &r->fd);
}

static void
say_damaged(const char *path, uint64_t offset, enum err e)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "evidence-damaged");
	logline_string(&l, "path", path);
	logline_number(&l, "offset", offset);
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "restore the file from a copy; collectors send again what is asked for again");
	logline_end(&l);
}

#include "auditor/evidence_reader.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auditor/input.h"
#include "auditor/outcome.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

#define PACK_PREFIX "pack-"
#define PACK_DIGITS 8

struct record {
	struct digest digest;
	struct pack_header header;
	char *path;      /* of the pack; shared */
	uint64_t offset; /* of the stored bytes */
	UT_hash_handle hh;
};

struct pack_path {
	char *path;
	struct pack_path *next;
};

struct evidence_reader {
	struct record *records;
	struct pack_path *paths;
};

static bool is_pack(const char *name);
static void read_pack(struct evidence_reader *r, const char *directory, const char *name);
static enum err read_header(const char *path, uint64_t offset, struct pack_header *h);

enum err
evidence_reader_open(const char *directory, struct evidence_reader **out)
{
	struct evidence_reader *r = calloc(1, sizeof(*r));
	DIR *d = opendir(directory);

	*out = NULL;
	if (r == NULL || d == NULL) {
		free(r);
		if (d != NULL)
			closedir(d);
		say("evidence", "cannot read the directory %s", directory);
		return ERR_NOT_FOUND;
	}
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (is_pack(entry->d_name))
			read_pack(r, directory, entry->d_name);
	closedir(d);
	*out = r;
	return ERR_OK;
}

void
evidence_reader_close(struct evidence_reader **rp)
{
	struct evidence_reader *r = *rp;
	struct record *record, *next;
	struct pack_path *path;

	if (r == NULL)
		return;
	HASH_ITER (hh, r->records, record, next) {
		HASH_DEL(r->records, record);
		free(record);
	}
	while ((path = r->paths) != NULL) {
		r->paths = path->next;
		free(path->path);
		free(path);
	}
	free(r);
	*rp = NULL;
}

enum err
evidence_reader_get(
    struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct record *record;
	struct buf stored = BUF_INIT;
	enum err e;

	HASH_FIND(hh, r->records, digest->bytes, DIGEST_SIZE, record);
	if (record == NULL || record->header.kind != kind)
		return ERR_NOT_FOUND;
	e = input_read_at(record->path, record->offset, record->header.stored, &stored);
	if (e == ERR_OK)
		e = pack_content(&record->header, buf_view(&stored), to);
	buf_free(&stored);
	return e;
}

static bool
is_pack(const char *name)
{
	size_t prefix = strlen(PACK_PREFIX);

	return strncmp(name, PACK_PREFIX, prefix) == 0 && strlen(name + prefix) == PACK_DIGITS &&
	       strspn(name + prefix, "0123456789") == PACK_DIGITS;
}

static void
read_pack(struct evidence_reader *r, const char *directory, const char *name)
{
	struct pack_path *path = calloc(1, sizeof(*path));
	struct stat st;
	uint64_t offset = 0;
	enum err e = ERR_OK;

	if (path == NULL || asprintf(&path->path, "%s/%s", directory, name) < 0)
		abort();
	path->next = r->paths;
	r->paths = path;
	if (stat(path->path, &st) != 0)
		return;
	while (offset < (uint64_t)st.st_size) {
		struct record *record = calloc(1, sizeof(*record)), *known;

		if (record == NULL)
			abort();
		e = read_header(path->path, offset, &record->header);
		if (e == ERR_OK &&
		    record->header.stored > (uint64_t)st.st_size - offset - PACK_HEADER_SIZE)
			e = ERR_FORMAT_SIZE;
		if (e != ERR_OK) {
			free(record);
			say_fault("evidence", e, "%s is not readable from byte %llu on", name,
			    (unsigned long long)offset);
			return;
		}
		record->digest = record->header.digest;
		record->path = path->path;
		record->offset = offset + PACK_HEADER_SIZE;
		offset += PACK_HEADER_SIZE + record->header.stored;
		HASH_FIND(hh, r->records, record->digest.bytes, DIGEST_SIZE, known);
		if (known == NULL)
			HASH_ADD(hh, r->records, digest, DIGEST_SIZE, record);
		else
			free(record);
	}
}

static enum err
read_header(const char *path, uint64_t offset, struct pack_header *h)
{
	struct buf bytes = BUF_INIT;
	enum err e = input_read_at(path, offset, PACK_HEADER_SIZE, &bytes);

	if (e == ERR_OK)
		e = pack_header_parse(buf_view(&bytes), h);
	buf_free(&bytes);
	return e;
}

#include "log/evidence_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/inputfile.h"

#define PACK_PREFIX "pack-"
#define PACK_DIGITS 8

/*
 * A content stands in several packs where the signer lost sight of one; of more records than that
 * under one digest the rest are not tried: all of them may be damaged, and be asked for again and
 * again.
 */
#define COPIES_MAX 16
#define TOLD_MAX   16 /* damaged packs that are told one by one */

struct record {
	struct digest digest;
	uint64_t offset; /* of the header, in its pack */
	uint32_t pack;
	uint32_t size, stored;
	uint32_t kind;
};

struct evidence_reader {
	int dir;
	struct record *records; /* by digest, kind and place: the same content may stand twice */
	size_t count, capacity;
	size_t damaged; /* packs */
};

static enum outcome read_packs(
    struct evidence_reader *r, const char *directory, const struct findings *f);
static bool is_pack(const char *name);
static enum err read_pack(struct evidence_reader *r, const char *name, const struct findings *f);
static enum err read_header(struct evidence_reader *r, int fd, uint64_t size, uint32_t pack,
    uint64_t *offset, struct buf *bytes);
static enum err add(struct evidence_reader *r, const struct record *record);
static int compare(const void *a, const void *b);
static size_t first_of(
    const struct evidence_reader *r, const struct digest *digest, enum pack_kind kind);
static int compare_names(const struct record *r, const struct digest *digest, uint32_t kind);
static enum err read_record(struct evidence_reader *r, const struct record *record, struct buf *to);

enum outcome
evidence_reader_open(const char *directory, const struct findings *f, struct evidence_reader **out)
{
	struct evidence_reader *r = calloc(1, sizeof(*r));
	enum outcome o;

	*out = NULL;
	if (r == NULL)
		return findings_step(f, "evidence", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	if ((r->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		o = findings_step(
		    f, "evidence", OUTCOME_UNKNOWN, "%s: %s", directory, inputfile_reason(ERR_IO));
	else
		o = read_packs(r, directory, f);
	if (r->damaged > TOLD_MAX)
		findings_warn(
		    f, "evidence", "and %zu more packs are damaged or torn", r->damaged - TOLD_MAX);
	if (o == OUTCOME_GOOD) {
		if (r->count > 0)
			qsort(r->records, r->count, sizeof(*r->records), compare);
		*out = r;
		return findings_step(f, "evidence", o, "%zu record%s in %s", r->count,
		    r->count == 1 ? "" : "s", directory);
	}
	evidence_reader_close(&r);
	return o;
}

void
evidence_reader_close(struct evidence_reader **r)
{
	if (*r == NULL)
		return;
	if ((*r)->dir >= 0)
		close((*r)->dir);
	free((*r)->records);
	free(*r);
	*r = NULL;
}

enum err
evidence_reader_get(
    struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	enum err e = ERR_NOT_FOUND;
	unsigned copies = 0;

	for (size_t i = first_of(r, digest, kind); i < r->count && copies < COPIES_MAX; i++) {
		const struct record *record = &r->records[i];

		if (!digest_equal(&record->digest, digest) || record->kind != (uint32_t)kind ||
		    (e = read_record(r, record, to)) == ERR_OK)
			break;
		copies++;
	}
	return e;
}

static enum outcome
read_packs(struct evidence_reader *r, const char *directory, const struct findings *f)
{
	const int fd = dup(r->dir);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	enum err e = ERR_OK;

	if (list == NULL) {
		if (fd >= 0)
			close(fd);
		return findings_step(
		    f, "evidence", OUTCOME_UNKNOWN, "%s: %s", directory, strerror(errno));
	}

	while (e == ERR_OK && (errno = 0, entry = readdir(list)) != NULL) {
		if (!is_pack(entry->d_name))
			continue;
		if ((e = read_pack(r, entry->d_name, f)) != ERR_OK)
			(void)findings_step(f, "evidence", OUTCOME_UNKNOWN, "%s/%s: %s", directory,
			    entry->d_name, inputfile_reason(e));
	}
	if (e == ERR_OK && errno != 0) {
		(void)findings_step(
		    f, "evidence", OUTCOME_UNKNOWN, "%s: %s", directory, strerror(errno));
		e = ERR_IO;
	}
	closedir(list);
	return e == ERR_OK ? OUTCOME_GOOD : OUTCOME_UNKNOWN;
}

static bool
is_pack(const char *name)
{
	const size_t prefix = strlen(PACK_PREFIX);

	return strncmp(name, PACK_PREFIX, prefix) == 0 && strlen(name + prefix) == PACK_DIGITS &&
	       strspn(name + prefix, "0123456789") == PACK_DIGITS;
}

static enum err
read_pack(struct evidence_reader *r, const char *name, const struct findings *f)
{
	const uint32_t pack = (uint32_t)strtoul(name + strlen(PACK_PREFIX), NULL, 10);
	struct buf bytes = BUF_INIT;
	uint64_t size, offset = 0;
	int fd;
	enum err e = inputfile_open(r->dir, name, &fd, &size);

	if (e != ERR_OK)
		return e;
	while (e == ERR_OK && offset < size)
		e = read_header(r, fd, size, pack, &offset, &bytes);
	if (e == ERR_FORMAT || e == ERR_FORMAT_SIZE) {
		if (r->damaged++ < TOLD_MAX)
			findings_warn(f, "evidence",
			    "%s: %s from byte %" PRIu64 " of %" PRIu64
			    " on; what lies behind is absent",
			    name, e == ERR_FORMAT ? "damaged" : "torn", offset, size);
		e = ERR_OK;
	}
	buf_free(&bytes);
	close(fd);
	return e;
}

/* ERR_FORMAT_SIZE: the file ends within the record. */
static enum err
read_header(struct evidence_reader *r, int fd, uint64_t size, uint32_t pack, uint64_t *offset,
    struct buf *bytes)
{
	struct record record;
	struct pack_header h;
	enum err e;

	buf_clear(bytes);
	if (size - *offset < PACK_HEADER_SIZE)
		return ERR_FORMAT_SIZE;
	if ((e = inputfile_read_at(fd, *offset, PACK_HEADER_SIZE, bytes)) != ERR_OK)
		return e;
	if (pack_header_parse(buf_view(bytes), &h) != ERR_OK)
		return ERR_FORMAT;
	if (h.stored > size - *offset - PACK_HEADER_SIZE)
		return ERR_FORMAT_SIZE;
	record = (struct record){h.digest, *offset, pack, h.size, h.stored, (uint32_t)h.kind};
	*offset += PACK_HEADER_SIZE + h.stored;
	return add(r, &record);
}

static enum err
add(struct evidence_reader *r, const struct record *record)
{
	if (r->count == EVIDENCE_READER_RECORDS_MAX)
		return ERR_MEMORY;
	if (r->count == r->capacity) {
		const size_t capacity = r->capacity == 0 ? 1024 : 2 * r->capacity;
		struct record *records = realloc(r->records, capacity * sizeof(*records));

		if (records == NULL)
			return ERR_MEMORY;
		r->records = records;
		r->capacity = capacity;
	}
	r->records[r->count++] = *record;
	return ERR_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	const int order = compare_names(x, &y->digest, y->kind);

	if (order != 0)
		return order;
	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static size_t
first_of(const struct evidence_reader *r, const struct digest *digest, enum pack_kind kind)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_names(&r->records[middle], digest, (uint32_t)kind) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
compare_names(const struct record *r, const struct digest *digest, uint32_t kind)
{
	const int order = digest_compare(&r->digest, digest);

	return order != 0 ? order : (r->kind > kind) - (r->kind < kind);
}

static enum err
read_record(struct evidence_reader *r, const struct record *record, struct buf *to)
{
	const struct pack_header h = {
	    (enum pack_kind)record->kind, record->size, record->stored, record->digest};
	struct buf stored = BUF_INIT;
	char name[32];
	uint64_t size;
	int fd;
	enum err e;

	(void)snprintf(name, sizeof(name), PACK_PREFIX "%0*" PRIu32, PACK_DIGITS, record->pack);
	if ((e = inputfile_open(r->dir, name, &fd, &size)) != ERR_OK)
		return e;
	e = inputfile_read_at(fd, record->offset + PACK_HEADER_SIZE, h.stored, &stored);
	if (e == ERR_OK)
		e = pack_content(&h, buf_view(&stored), to);
	/* A damaged store proves nothing about the log: what was stored is not here. */
	if (e == ERR_DIGEST || e == ERR_FORMAT_SIZE)
		e = ERR_CHANGED;
	close(fd);
	buf_free(&stored);
	return e;
}

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

/* The second run of records is at most this part of the first, and a few. */
#define SECOND_PART  8
#define SECOND_LEAST 4096 /* records */

struct record {
	struct digest digest;
	uint64_t offset; /* of the header, in its pack */
	uint32_t pack;
	uint32_t size, stored;
	uint32_t kind;
};

/* How far a pack was read. */
struct pack {
	uint32_t number;
	bool is_there; /* it was when the directory was listed last */
	bool is_told;  /* what lies behind is torn or damaged */
	uint64_t offset;
	uint64_t size; /* when it was read last */
};

/*
 * Two runs of records, each by digest, kind and place: the same content may stand twice. What comes
 * later is the second, and becomes part of the first when it is large enough to be worth it.
 */
struct evidence_reader {
	int dir;
	char *directory; /* for people */
	struct record *records;
	size_t first; /* in the first run */
	size_t count, capacity;
	struct pack *packs;
	size_t pack_count, pack_capacity;
	size_t damaged; /* packs */
	uint64_t generation, missed;
	bool (*ask)(void *context);
	void *ask_context;
};

static enum outcome read_packs(struct evidence_reader *r, const struct findings *f);
static enum outcome read_changed(struct evidence_reader *r, const struct findings *f, bool *again);
static bool is_pack(const char *name);
static struct pack *find_pack(struct evidence_reader *r, uint32_t number);
static enum err read_pack(struct evidence_reader *r, const char *name, const struct findings *f);
static enum err read_header(
    struct evidence_reader *r, int fd, uint64_t size, struct pack *pack, struct buf *bytes);
static void forget(struct evidence_reader *r);
static void sort(struct evidence_reader *r, size_t count_before);
static enum err get(
    struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, struct buf *to);
static enum err get_of_run(struct evidence_reader *r, size_t begin, size_t end, enum pack_kind kind,
    const struct digest *digest, unsigned *copies, struct buf *to);
static enum err add(struct evidence_reader *r, const struct record *record);
static int compare(const void *a, const void *b);
static size_t first_of(const struct evidence_reader *r, size_t begin, size_t end,
    const struct digest *digest, enum pack_kind kind);
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
	else if ((r->directory = strdup(directory)) == NULL)
		o = findings_step(f, "evidence", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	else
		o = read_packs(r, f);
	if (r->damaged > TOLD_MAX)
		findings_warn(
		    f, "evidence", "and %zu more packs are damaged or torn", r->damaged - TOLD_MAX);
	if (o == OUTCOME_GOOD) {
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
	free((*r)->directory);
	free((*r)->records);
	free((*r)->packs);
	free(*r);
	*r = NULL;
}

enum outcome
evidence_reader_update(struct evidence_reader *r, const struct findings *f, bool *more)
{
	const uint64_t generation = r->generation;
	const enum outcome o = read_packs(r, f);

	*more = r->generation != generation;
	return o;
}

uint64_t
evidence_reader_generation(const struct evidence_reader *r)
{
	return r->generation;
}

void
evidence_reader_ask(struct evidence_reader *r, bool (*ask)(void *context), void *context)
{
	r->ask = ask;
	r->ask_context = context;
}

uint64_t
evidence_reader_missed(const struct evidence_reader *r)
{
	return r->missed;
}

enum err
evidence_reader_get(
    struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	enum err e = get(r, kind, digest, to);

	while (e == ERR_NOT_FOUND && r->ask != NULL && r->ask(r->ask_context))
		e = get(r, kind, digest, to);
	r->missed += e != ERR_OK;
	return e;
}

static enum err
get(struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	unsigned copies = 0;
	const enum err e = get_of_run(r, 0, r->first, kind, digest, &copies, to);
	enum err later;

	if (e == ERR_OK || r->first == r->count)
		return e;
	later = get_of_run(r, r->first, r->count, kind, digest, &copies, to);
	return later == ERR_NOT_FOUND ? e : later;
}

static enum err
get_of_run(struct evidence_reader *r, size_t begin, size_t end, enum pack_kind kind,
    const struct digest *digest, unsigned *copies, struct buf *to)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = first_of(r, begin, end, digest, kind); i < end && *copies < COPIES_MAX;
	     i++) {
		const struct record *record = &r->records[i];

		if (!digest_equal(&record->digest, digest) || record->kind != (uint32_t)kind ||
		    (e = read_record(r, record, to)) == ERR_OK)
			break;
		(*copies)++;
	}
	return e;
}

/* A store that was made again, or cut off behind a crash, is read from its beginning. */
static enum outcome
read_packs(struct evidence_reader *r, const struct findings *f)
{
	size_t count = r->count;
	bool again;
	enum outcome o = read_changed(r, f, &again);

	if (again) {
		forget(r);
		count = 0;
		o = read_changed(r, f, &again);
	}
	if (r->count != count)
		sort(r, count);
	return o;
}

/* `again`: one is shorter than it was, or gone. */
static enum outcome
read_changed(struct evidence_reader *r, const struct findings *f, bool *again)
{
	/* Not a duplicate, which would go on where this one ended. */
	const int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	enum err e = ERR_OK;

	*again = false;
	if (list == NULL) {
		if (fd >= 0)
			close(fd);
		return findings_step(
		    f, "evidence", OUTCOME_UNKNOWN, "%s: %s", r->directory, strerror(errno));
	}
	for (size_t i = 0; i < r->pack_count; i++)
		r->packs[i].is_there = false;
	while (e == ERR_OK && (errno = 0, entry = readdir(list)) != NULL) {
		if (!is_pack(entry->d_name))
			continue;
		e = read_pack(r, entry->d_name, f);
		if (e == ERR_CHANGED)
			*again = true;
		else if (e != ERR_OK)
			(void)findings_step(f, "evidence", OUTCOME_UNKNOWN, "%s/%s: %s",
			    r->directory, entry->d_name, inputfile_reason(e));
	}
	if (e == ERR_OK && errno != 0) {
		(void)findings_step(
		    f, "evidence", OUTCOME_UNKNOWN, "%s: %s", r->directory, strerror(errno));
		e = ERR_IO;
	}
	for (size_t i = 0; e == ERR_OK && i < r->pack_count; i++)
		*again = *again || !r->packs[i].is_there;
	closedir(list);
	return e == ERR_OK ? OUTCOME_GOOD : OUTCOME_UNKNOWN;
}

static void
forget(struct evidence_reader *r)
{
	r->first = r->count = r->pack_count = r->damaged = 0;
	r->generation++;
}

/* What was read last is part of the second run, or of the first. */
static void
sort(struct evidence_reader *r, size_t count_before)
{
	if (r->first == 0 || r->count - r->first > r->first / SECOND_PART + SECOND_LEAST)
		r->first = r->count;
	if (r->first == r->count)
		qsort(r->records, r->count, sizeof(*r->records), compare);
	else
		qsort(r->records + r->first, r->count - r->first, sizeof(*r->records), compare);
	r->generation += r->count != count_before;
}

static bool
is_pack(const char *name)
{
	const size_t prefix = strlen(PACK_PREFIX);

	return strncmp(name, PACK_PREFIX, prefix) == 0 && strlen(name + prefix) == PACK_DIGITS &&
	       strspn(name + prefix, "0123456789") == PACK_DIGITS;
}

/* NULL for want of memory. */
static struct pack *
find_pack(struct evidence_reader *r, uint32_t number)
{
	for (size_t i = 0; i < r->pack_count; i++)
		if (r->packs[i].number == number)
			return &r->packs[i];
	if (r->pack_count == r->pack_capacity) {
		const size_t capacity = r->pack_capacity == 0 ? 64 : 2 * r->pack_capacity;
		struct pack *packs = reallocarray(r->packs, capacity, sizeof(*packs));

		if (packs == NULL)
			return NULL;
		r->packs = packs;
		r->pack_capacity = capacity;
	}
	r->packs[r->pack_count] = (struct pack){.number = number};
	return &r->packs[r->pack_count++];
}

/* From where it was read to. ERR_CHANGED: it has become shorter. */
static enum err
read_pack(struct evidence_reader *r, const char *name, const struct findings *f)
{
	const uint32_t number = (uint32_t)strtoul(name + strlen(PACK_PREFIX), NULL, 10);
	struct pack *pack = find_pack(r, number);
	struct buf bytes = BUF_INIT;
	uint64_t size;
	int fd;
	enum err e = pack != NULL ? inputfile_open(r->dir, name, &fd, &size) : ERR_MEMORY;

	if (e != ERR_OK)
		return e;
	pack->is_there = true;
	if (size < pack->size)
		e = ERR_CHANGED;
	while (e == ERR_OK && pack->offset < size && size != pack->size)
		e = read_header(r, fd, size, pack, &bytes);
	if (e == ERR_FORMAT || e == ERR_FORMAT_SIZE) {
		if (!pack->is_told && r->damaged++ < TOLD_MAX)
			findings_warn(f, "evidence",
			    "%s: %s from byte %" PRIu64 " of %" PRIu64
			    " on; what lies behind is absent",
			    name, e == ERR_FORMAT ? "damaged" : "torn", pack->offset, size);
		pack->is_told = true;
		e = ERR_OK;
	}
	if (e == ERR_OK)
		pack->size = size;
	buf_free(&bytes);
	close(fd);
	return e;
}

/* ERR_FORMAT_SIZE: the file ends within the record. */
static enum err
read_header(struct evidence_reader *r, int fd, uint64_t size, struct pack *pack, struct buf *bytes)
{
	struct record record;
	struct pack_header h;
	enum err e;

	buf_clear(bytes);
	if (size - pack->offset < PACK_HEADER_SIZE)
		return ERR_FORMAT_SIZE;
	if ((e = inputfile_read_at(fd, pack->offset, PACK_HEADER_SIZE, bytes)) != ERR_OK)
		return e;
	if (pack_header_parse(buf_view(bytes), &h) != ERR_OK)
		return ERR_FORMAT;
	if (h.stored > size - pack->offset - PACK_HEADER_SIZE)
		return ERR_FORMAT_SIZE;
	record = (struct record){
	    h.digest, pack->offset, pack->number, h.size, h.stored, (uint32_t)h.kind};
	if ((e = add(r, &record)) == ERR_OK)
		pack->offset += PACK_HEADER_SIZE + h.stored;
	return e;
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
first_of(const struct evidence_reader *r, size_t begin, size_t end, const struct digest *digest,
    enum pack_kind kind)
{
	size_t low = begin, high = end;

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

#include "collector/store/segment_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/segment_file.h"
#include "proto/siphash.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

struct segment {
	struct digest digest;
	struct segment_place place;
	uint64_t new_offset; /* while all are moved */
	bool needed;
	UT_hash_handle hh;
};

struct file {
	uint32_t number;
	uint64_t size;
	uint64_t needed_bytes;
};

struct segment_store {
	int dir; /* borrowed */
	struct segment *segments;
	struct siphash_key hash_key; /* of theirs: what is measured chooses its digests */
	struct file *files;          /* by number, rising */
	size_t file_count, file_capacity;
	struct segment_writer writer; /* of the one behind them */
	uint64_t lost;                /* times that what was put in one could not stay */
};

static enum err load(struct segment_store *s);
static enum err list_files(struct segment_store *s);
static enum err add_file(struct segment_store *s, uint32_t number, uint64_t size);
static int compare_files(const void *a, const void *b);
static struct file *find_file(const struct segment_store *s, uint32_t number);
static segment_file_visit note;
static struct segment *find(const struct segment_store *s, const struct digest *digest);
static uint32_t hash_of(const struct segment_store *s, const struct digest *digest);
static void forget(struct segment_store *s, struct segment *segment);
static enum err begin_file(struct segment_store *s, struct trouble *t);
static void give_up(struct segment_store *s);
static void forget_written(struct segment_store *s);
static void remove_unneeded(struct segment_store *s);
static void move_needed(struct segment_store *s);
static enum err copy_needed(struct segment_store *s, struct trouble *t);

enum err
segment_store_open(int dir, struct segment_store **out, struct trouble *t)
{
	struct segment_store *s = calloc(1, sizeof(*s));
	enum err e;

	*out = NULL;
	if (s == NULL || RAND_priv_bytes((uint8_t *)&s->hash_key, sizeof(s->hash_key)) != 1) {
		free(s);
		return ERR_MEMORY;
	}
	s->dir = dir;
	s->writer.fd = -1;
	if ((e = load(s)) == ERR_OK) {
		*out = s;
		return ERR_OK;
	}
	(void)trouble_set(
	    t, e, "files of segments in the state directory cannot be read: %s", strerror(errno));
	segment_store_close(&s);
	return e;
}

void
segment_store_close(struct segment_store **sp)
{
	struct segment_store *s = *sp;
	struct segment *segment, *next;

	if (s == NULL)
		return;
	segment_writer_give_up(&s->writer);
	HASH_ITER (hh, s->segments, segment, next)
		forget(s, segment);
	free(s->files);
	free(s);
	*sp = NULL;
}

enum err
segment_store_put(
    struct segment_store *s, const struct digest *digest, struct view bytes, struct trouble *t)
{
	struct segment_writer *w = &s->writer;
	enum err e = ERR_OK;

	if (find(s, digest) != NULL)
		return ERR_OK;
	if (w->fd < 0)
		e = begin_file(s, t);
	if (e == ERR_OK && (e = segment_writer_add(w, digest, bytes, t)) == ERR_OK)
		note(s, digest,
		    &(struct segment_place){w->number, (uint32_t)bytes.size, w->size - bytes.size});
	return e;
}

enum err
segment_store_commit(struct segment_store *s, struct trouble *t)
{
	enum err e;

	if (s->writer.fd < 0)
		return ERR_OK;
	if ((e = segment_writer_end(&s->writer, t)) != ERR_OK) {
		forget_written(s);
		return e;
	}
	return add_file(s, s->writer.number, s->writer.size);
}

uint64_t
segment_store_lost(const struct segment_store *s)
{
	return s->lost;
}

enum err
segment_store_find(const struct segment_store *s, const struct digest *digest, int *fd,
    uint64_t *offset, uint64_t *size, struct trouble *t)
{
	const struct segment *segment = find(s, digest);
	char hex[DIGEST_HEX_SIZE + 1];

	*fd = -1;
	if (segment == NULL) {
		digest_to_hex(digest, hex);
		return trouble_set(
		    t, ERR_NOT_FOUND, "the segment %s is not in the state directory", hex);
	}
	if ((*fd = segment_file_open(s->dir, segment->place.file)) < 0)
		return trouble_set(t, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "file %u of segments in the state directory: %s", segment->place.file,
		    strerror(errno));
	*offset = segment->place.offset;
	*size = segment->place.size;
	return ERR_OK;
}

void
segment_store_check(struct segment_store *s, const struct component_list *l)
{
	struct buf bytes = BUF_INIT;
	struct segment *segment;
	struct digest found;

	for (size_t i = 0; i < l->segment_count; i++) {
		if ((segment = find(s, &l->segments[i].digest)) == NULL)
			continue;
		buf_clear(&bytes);
		if (segment_file_read(s->dir, &segment->place, &bytes) == ERR_OK) {
			digest_of(bytes.data, bytes.size, &found);
			if (digest_equal(&found, &segment->digest))
				continue;
		}
		segment_file_strike(s->dir, &segment->place);
		forget(s, segment);
	}
	buf_free(&bytes);
}

void
segment_store_sweep_begin(struct segment_store *s)
{
	struct segment *segment, *next;

	give_up(s);
	HASH_ITER (hh, s->segments, segment, next)
		segment->needed = false;
	for (size_t i = 0; i < s->file_count; i++)
		s->files[i].needed_bytes = 0;
}

void
segment_store_keep(struct segment_store *s, const struct component_list *l)
{
	struct segment *segment;

	for (size_t i = 0; i < l->segment_count; i++) {
		segment = find(s, &l->segments[i].digest);
		if (segment == NULL || segment->needed)
			continue;
		segment->needed = true;
		find_file(s, segment->place.file)->needed_bytes += segment->place.size;
	}
}

void
segment_store_sweep_end(struct segment_store *s)
{
	uint64_t all = 0, needed = 0;

	remove_unneeded(s);
	for (size_t i = 0; i < s->file_count; i++) {
		all += s->files[i].size;
		needed += s->files[i].needed_bytes;
	}
	if (all - needed > needed && all - needed > SEGMENT_STORE_SPARE)
		move_needed(s);
}

static enum err
load(struct segment_store *s)
{
	enum err e = list_files(s);

	if (e == ERR_OK && s->file_count > 0)
		qsort(s->files, s->file_count, sizeof(*s->files), compare_files);
	for (size_t i = 0; e == ERR_OK && i < s->file_count; i++)
		e = segment_file_each(s->dir, s->files[i].number, note, s, &s->files[i].size);
	return e;
}

static enum err
list_files(struct segment_store *s)
{
	struct dirent *entry;
	uint32_t number;
	enum err e = ERR_OK;
	DIR *names;
	int fd;

	if ((fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	if ((names = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return ERR_IO;
	}
	while (e == ERR_OK && (entry = readdir(names)) != NULL)
		if (segment_file_is(entry->d_name, &number))
			e = add_file(s, number, 0);
	(void)closedir(names);
	return e;
}

static enum err
add_file(struct segment_store *s, uint32_t number, uint64_t size)
{
	if (s->file_count == s->file_capacity) {
		const size_t capacity = s->file_capacity == 0 ? 16 : 2 * s->file_capacity;
		struct file *files = reallocarray(s->files, capacity, sizeof(*files));

		if (files == NULL)
			return ERR_MEMORY;
		s->files = files;
		s->file_capacity = capacity;
	}
	s->files[s->file_count++] = (struct file){.number = number, .size = size};
	return ERR_OK;
}

static int
compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Every segment's file is there. */
static struct file *
find_file(const struct segment_store *s, uint32_t number)
{
	const struct file key = {.number = number};

	return bsearch(&key, s->files, s->file_count, sizeof(key), compare_files);
}

/* A segment stands there. */
static void
note(void *context, const struct digest *digest, const struct segment_place *place)
{
	struct segment_store *s = context;
	struct segment *segment = find(s, digest);

	if (segment == NULL) {
		if ((segment = calloc(1, sizeof(*segment))) == NULL)
			abort(); /* as uthash does */
		segment->digest = *digest;
		HASH_ADD_BYHASHVALUE(
		    hh, s->segments, digest, DIGEST_SIZE, hash_of(s, digest), segment);
	}
	segment->place = *place;
}

static struct segment *
find(const struct segment_store *s, const struct digest *digest)
{
	struct segment *segment;

	HASH_FIND_BYHASHVALUE(
	    hh, s->segments, digest->bytes, DIGEST_SIZE, hash_of(s, digest), segment);
	return segment;
}

static uint32_t
hash_of(const struct segment_store *s, const struct digest *digest)
{
	return (uint32_t)siphash(&s->hash_key, (struct view){digest->bytes, DIGEST_SIZE});
}

static void
forget(struct segment_store *s, struct segment *segment)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
	HASH_DEL(s->segments, segment);
	free(segment);
}

static enum err
begin_file(struct segment_store *s, struct trouble *t)
{
	const uint32_t last = s->file_count > 0 ? s->files[s->file_count - 1].number : 0;

	if (last >= SEGMENT_FILE_MAX)
		return trouble_set(t, ERR_IO,
		    "components in the state directory: no number is left for another file of "
		    "segments; remove those that are there");
	return segment_writer_begin(&s->writer, s->dir, last + 1, t);
}

/* The file that is being written, and what stands in it alone. */
static void
give_up(struct segment_store *s)
{
	if (s->writer.fd < 0)
		return;
	segment_writer_give_up(&s->writer);
	forget_written(s);
}

static void
forget_written(struct segment_store *s)
{
	struct segment *segment, *next;

	s->lost++;
	HASH_ITER (hh, s->segments, segment, next) {
		if (segment->place.file == s->writer.number)
			forget(s, segment);
	}
}

static void
remove_unneeded(struct segment_store *s)
{
	struct segment *segment, *next;
	size_t kept = 0;

	HASH_ITER (hh, s->segments, segment, next) {
		if (find_file(s, segment->place.file)->needed_bytes == 0)
			forget(s, segment);
	}
	for (size_t i = 0; i < s->file_count; i++) {
		if (s->files[i].needed_bytes == 0)
			segment_file_remove(s->dir, s->files[i].number);
		else
			s->files[kept++] = s->files[i];
	}
	s->file_count = kept;
}

/* Into one new file; where that fails, all stays as it is. */
static void
move_needed(struct segment_store *s)
{
	const size_t old_count = s->file_count;
	struct trouble t = TROUBLE_INIT;
	struct segment *segment, *next;

	if (begin_file(s, &t) != ERR_OK || copy_needed(s, &t) != ERR_OK) {
		segment_writer_give_up(&s->writer);
		return;
	}
	if (segment_store_commit(s, &t) != ERR_OK)
		return;
	HASH_ITER (hh, s->segments, segment, next) {
		if (!segment->needed) {
			forget(s, segment);
			continue;
		}
		segment->place.file = s->writer.number;
		segment->place.offset = segment->new_offset;
	}
	for (size_t i = 0; i < old_count; i++)
		segment_file_remove(s->dir, s->files[i].number);
	s->files[0] = s->files[old_count];
	s->file_count = 1;
}

static enum err
copy_needed(struct segment_store *s, struct trouble *t)
{
	struct buf bytes = BUF_INIT;
	struct segment *segment, *next;
	enum err e = ERR_OK;

	HASH_ITER (hh, s->segments, segment, next) {
		if (!segment->needed)
			continue;
		buf_clear(&bytes);
		if ((e = segment_file_read(s->dir, &segment->place, &bytes)) != ERR_OK ||
		    (e = segment_writer_add(&s->writer, &segment->digest, buf_view(&bytes), t)) !=
			ERR_OK)
			break;
		segment->new_offset = s->writer.size - bytes.size;
	}
	buf_free(&bytes);
	return e;
}

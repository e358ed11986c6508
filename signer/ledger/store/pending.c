#include "signer/ledger/store/pending.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/tlog/tile.h"
#include "signer/ledger/store/damage.h"
#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/record.h"

#define NAME_PREFIX "pending."
#define NAME_DIGITS 20

/* Larger than all the pending files that a signer leaves: 256 MiB unpublished, and one batch. */
#define FILE_SIZE_MAX (1024UL * 1024 * 1024)

/*
 * Files kept to be written over: one while another fills and a third is published. A larger one,
 * of a time when publications were late, goes, so that the disk gets its room back.
 */
#define SPARES_MAX     2
#define SPARE_SIZE_MAX (32UL * 1024 * 1024) /* bytes */

/* A file without a whole first record: of the newest write, if of any. */
#define FIRST_UNKNOWN UINT64_MAX

struct pending_file {
	uint64_t name;
	uint64_t first; /* index of its first report */
	uint64_t size;  /* bytes */
	struct pending_file *next;
};

/* What is being recovered. */
struct recovery {
	uint64_t published; /* reports that the tree began with */
	struct merkle_frontier *tree;
	enum err (*take)(void *context, struct view report);
	void *context;
};

/* Where the reading of a file is, and whether it ended at an end mark. */
struct reading {
	const char *path;
	struct recovery *to;
	struct view rest;
	uint64_t offset; /* of `rest` */
	uint64_t record; /* offset of the last whole record */
	bool clean;
};

static enum err mend_last(struct pending *p);
static char *path_of(const struct pending *p, uint64_t name);
static void begin_file(struct pending *p, uint64_t first);
static bool name_is_taken(const struct pending *p, uint64_t name);
static struct pending_file *file_new(uint64_t name);
static void put_last(struct pending *p, struct pending_file *f);
static struct pending_file *take_first(struct pending *p);
static void put_spare(struct pending *p, struct pending_file *f);
static enum err remove_later(struct pending *p, struct pending_file *f);
static void remove_files(const struct pending *p, const struct pending_file *f);
static void files_free(struct pending_file *list);
static enum err list_files(struct pending *p);
static enum err add_file(struct pending *p, const char *digits);
static void put_in_order(struct pending *p, struct pending_file *f);
static enum err missing(const struct pending *p, const struct pending_file *f, uint64_t index);
static enum err read_file(struct pending *p, struct pending_file *f, struct recovery *to);
static enum err take_record(struct reading *r);
static enum err add_entries(struct recovery *to, struct view entries, uint64_t first,
    uint32_t count, const struct digest *root);

void
pending_init(struct pending *p, const char *directory)
{
	*p = (struct pending){.directory = directory, .rotate = true};
}

void
pending_free(struct pending *p)
{
	pending_left(p);
	files_free(p->first);
	files_free(p->spare);
	free(p->remove);
	free(p->path);
}

enum err
pending_read(struct pending *p, struct merkle_frontier *tree,
    enum err (*take)(void *context, struct view report), void *context)
{
	struct recovery to = {tree->size, tree, take, context};
	struct pending_file *f, *before = NULL;
	enum err e = list_files(p);

	for (f = p->first; f != NULL && e == ERR_OK; before = f, f = f->next) {
		if (f->first == FIRST_UNKNOWN)
			f->first = tree->size;
		if (f->first > tree->size)
			e = missing(p, before != NULL && p->torn ? before : f, tree->size);
		else
			e = read_file(p, f, &to);
	}
	p->rotate = true;
	return e;
}

/*
 * A process that was killed may not have come to sync the directory behind a name that is relied on
 * from here on: that of a pending file which it made and never filled, or the checkpoint's.
 */
enum err
pending_mend(struct pending *p)
{
	enum err e = p->last != NULL ? mend_last(p) : ERR_OK;

	return e == ERR_OK ? diskfile_sync_directory(p->directory) : e;
}

void
pending_place(
    struct pending *p, uint64_t first, struct view record, const char **path, uint64_t *offset)
{
	if (p->rotate || p->last == NULL)
		begin_file(p, first);
	*path = p->path;
	*offset = p->end;
	p->end += record.size - RECORD_END_SIZE;
	if (p->last->size < p->end)
		p->last->size = p->end;
}

void
pending_leave(struct pending *p, uint64_t size, bool all)
{
	unsigned kept = p->spare_count;
	struct pending_file *f;

	p->rotate = true;
	while ((f = p->first) != NULL && (all || (f->next != NULL && f->next->first <= size))) {
		take_first(p);
		if (kept < SPARES_MAX && f->size <= SPARE_SIZE_MAX) {
			f->next = p->leaving;
			p->leaving = f;
			kept++;
		} else if (remove_later(p, f) != ERR_OK) {
			f->next = p->leaving; /* a spare too many does no harm */
			p->leaving = f;
		}
	}
}

enum err
pending_remove(const struct pending *p)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < p->remove_count && e == ERR_OK; i++)
		e = diskfile_remove(p->remove[i]);
	return e;
}

void
pending_left(struct pending *p)
{
	struct pending_file *f;

	while ((f = p->leaving) != NULL) {
		p->leaving = f->next;
		put_spare(p, f);
	}
	for (size_t i = 0; i < p->remove_count; i++)
		free(p->remove[i]);
	p->remove_count = 0;
	files_free(p->removed);
	p->removed = NULL;
}

void
pending_tidy(const struct pending *p, bool all)
{
	remove_files(p, p->spare);
	if (all)
		remove_files(p, p->first);
}

/*
 * A process that failed in the middle of a commit may have left its record where only the kernel's
 * memory has it, so that record is written again, with its end mark; older files were synced before
 * a newer one was begun.
 */
static enum err
mend_last(struct pending *p)
{
	bool has_end = !p->torn && p->last->size >= p->end + RECORD_END_SIZE;
	enum err e = ERR_OK;

	if (p->torn) {
		logger_say(LOGGER_WARNING, "pending-mended",
		    "%s is cut to its %" PRIu64 " bytes of whole records; nothing was signed that "
		    "stood behind them",
		    p->path, p->end);
		e = diskfile_truncate(p->path, p->end);
		p->last->size = p->end;
	}
	if (e == ERR_OK)
		e = diskfile_write_again(
		    p->path, p->found_record, p->end + (has_end ? RECORD_END_SIZE : 0));
	p->torn = false;
	return e;
}

static char *
path_of(const struct pending *p, uint64_t name)
{
	char text[sizeof(NAME_PREFIX) + NAME_DIGITS];

	snprintf(text, sizeof(text), NAME_PREFIX "%0*" PRIu64, NAME_DIGITS, name);
	return diskfile_join(p->directory, text);
}

/* The next batch, which begins with report `first`, goes to another file. */
static void
begin_file(struct pending *p, uint64_t first)
{
	struct pending_file *f = p->spare;
	uint64_t name;

	if (f != NULL) {
		p->spare = f->next;
		p->spare_count--;
	} else {
		for (name = first; name_is_taken(p, name); name++)
			continue; /* by a file of which a crash left no whole record */
		f = file_new(name);
	}
	f->first = first;
	put_last(p, f);
	free(p->path);
	p->path = path_of(p, f->name);
	p->end = 0;
	p->rotate = false;
}

/* Also by one that the job under way removes: what is written to it would go with it. */
static bool
name_is_taken(const struct pending *p, uint64_t name)
{
	const struct pending_file *const lists[] = {p->first, p->leaving, p->spare, p->removed};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct pending_file *f = lists[i]; f != NULL; f = f->next)
			if (f->name == name)
				return true;
	return false;
}

static struct pending_file *
file_new(uint64_t name)
{
	struct pending_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort(); /* without it a pending file would be forgotten */
	f->name = name;
	return f;
}

static void
put_last(struct pending *p, struct pending_file *f)
{
	f->next = NULL;
	if (p->last != NULL)
		p->last->next = f;
	else
		p->first = f;
	p->last = f;
}

static struct pending_file *
take_first(struct pending *p)
{
	struct pending_file *f = p->first;

	p->first = f->next;
	if (p->first == NULL)
		p->last = NULL;
	return f;
}

static void
put_spare(struct pending *p, struct pending_file *f)
{
	f->next = p->spare;
	p->spare = f;
	p->spare_count++;
}

/* With the publication that makes it superfluous, after its checkpoint. */
static enum err
remove_later(struct pending *p, struct pending_file *f)
{
	char **grown = realloc(p->remove, (p->remove_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return ERR_MEMORY;
	p->remove = grown;
	grown[p->remove_count++] = path_of(p, f->name);
	f->next = p->removed;
	p->removed = f;
	return ERR_OK;
}

/* One that cannot be removed was logged, and does no harm. */
static void
remove_files(const struct pending *p, const struct pending_file *f)
{
	enum err e = ERR_OK;

	for (; f != NULL && e == ERR_OK; f = f->next) {
		char *path = path_of(p, f->name);

		e = diskfile_remove(path);
		free(path);
	}
}

static void
files_free(struct pending_file *list)
{
	struct pending_file *next;

	for (; list != NULL; list = next) {
		next = list->next;
		free(list);
	}
}

static enum err
list_files(struct pending *p)
{
	DIR *d = opendir(p->directory);
	struct dirent *entry;
	enum err e = ERR_OK;

	if (d == NULL)
		return damage_found(p->directory, 0, "the directory cannot be read");
	while (e == ERR_OK && (entry = readdir(d)) != NULL) {
		const char *digits = entry->d_name + strlen(NAME_PREFIX);

		if (strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
		    strlen(digits) == NAME_DIGITS && strspn(digits, "0123456789") == NAME_DIGITS)
			e = add_file(p, digits);
	}
	closedir(d);
	return e;
}

/* By its first record; an empty one has nothing to say. */
static enum err
add_file(struct pending *p, const char *digits)
{
	struct pending_file *f = file_new(strtoull(digits, NULL, 10));
	char *path = path_of(p, f->name);
	struct buf header = BUF_INIT;
	uint32_t count;
	uint64_t size;
	enum err e = diskfile_read_at(path, 0, RECORD_HEADER_SIZE, &header);

	if (e == ERR_FORMAT_SIZE || e == ERR_OK) {
		if (record_header_parse(buf_view(&header), &f->first, &count, &size) != ERR_OK)
			f->first = FIRST_UNKNOWN;
		e = diskfile_size(path, &f->size);
	}
	if (e != ERR_OK)
		free(f);
	else if (f->size == 0)
		put_spare(p, f);
	else
		put_in_order(p, f);
	buf_free(&header);
	free(path);
	return e;
}

static void
put_in_order(struct pending *p, struct pending_file *f)
{
	struct pending_file **at = &p->first;

	while (*at != NULL && (*at)->first <= f->first)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
	if (f->next == NULL)
		p->last = f;
}

static enum err
missing(const struct pending *p, const struct pending_file *f, uint64_t index)
{
	char *path = path_of(p, f->name);
	enum err e =
	    damage_found(path, index, "expected the record of the reports from this index on");

	free(path);
	return e;
}

/* Leaves in `pending` what mending needs to know of the file, if it is the newest. */
static enum err
read_file(struct pending *p, struct pending_file *f, struct recovery *to)
{
	struct buf bytes = BUF_INIT;
	struct reading r = {.to = to};
	enum err e;

	free(p->path);
	p->path = path_of(p, f->name);
	r.path = p->path;
	e = diskfile_read(r.path, FILE_SIZE_MAX, &bytes);
	if (e == ERR_FORMAT_SIZE)
		return damage_found(r.path, to->tree->size, "expected a file of at most 1 GiB");
	r.rest = buf_view(&bytes);
	while (e == ERR_OK && !(r.clean = record_is_end(r.rest)))
		e = take_record(&r);
	/* In the newest file a crash may leave a header of which a part is the end mark's. */
	if (e == ERR_MISMATCH && f != p->last)
		e = missing(
		    p, f, to->tree->size); /* a record of others: no crash leaves that here */
	else if (e == ERR_FORMAT || e == ERR_MISMATCH)
		e = ERR_OK;
	p->found_record = r.record;
	p->end = r.offset;
	p->torn = !r.clean;
	if (e == ERR_OK && p->torn && f == p->last)
		logger_say(LOGGER_WARNING, "pending-torn",
		    "%s has bytes that are no whole record from %" PRIu64
		    " on; a crash cut a write there, unless the key process has signed more than "
		    "what stands before them",
		    r.path, r.offset);
	buf_free(&bytes);
	return e;
}

/* Takes one record off `rest`. ERR_FORMAT or ERR_MISMATCH if there is no whole one that fits. */
static enum err
take_record(struct reading *r)
{
	struct view entries;
	struct digest root;
	uint64_t first, size = 0, whole;
	uint32_t count;
	enum err e;

	if (r->rest.size < RECORD_HEADER_SIZE)
		return ERR_FORMAT;
	e = record_header_parse(
	    (struct view){r->rest.data, RECORD_HEADER_SIZE}, &first, &count, &size);
	whole = RECORD_HEADER_SIZE + size + RECORD_TRAILER_SIZE;
	if (e != ERR_OK || whole > r->rest.size)
		return ERR_FORMAT;
	entries = (struct view){r->rest.data + RECORD_HEADER_SIZE, (size_t)size};
	memcpy(root.bytes, entries.data + entries.size, DIGEST_SIZE);
	if ((e = add_entries(r->to, entries, first, count, &root)) != ERR_OK)
		return e;
	r->rest.data += whole;
	r->rest.size -= (size_t)whole;
	r->record = r->offset;
	r->offset += whole;
	return ERR_OK;
}

/* Adds a record's entries to the tree and hands them over, if they prove themselves. */
static enum err
add_entries(struct recovery *to, struct view entries, uint64_t first, uint32_t count,
    const struct digest *root)
{
	struct merkle_frontier grown = *to->tree;
	struct view rest = entries, entry;
	struct digest leaf, found;
	enum err e = ERR_OK;

	if (first + count <= to->published)
		return ERR_OK; /* in the tiles already */
	if (first != to->tree->size)
		return ERR_MISMATCH;
	for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
		if ((e = tile_entry_next(&rest, &entry)) != ERR_OK)
			break;
		merkle_leaf(entry, &leaf);
		merkle_frontier_append(&grown, &leaf);
	}
	merkle_frontier_root(&grown, &found);
	if (e != ERR_OK || rest.size != 0 || !digest_equal(&found, root))
		return ERR_FORMAT;
	*to->tree = grown;
	rest = entries;
	for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
		if ((e = tile_entry_next(&rest, &entry)) != ERR_OK)
			break;
		e = to->take(to->context, entry);
	}
	return e;
}

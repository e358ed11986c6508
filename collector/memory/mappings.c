#include "collector/memory/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "collector/memory/procmap.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

#define STATUS_SIZE_MAX 65536 /* bytes: its longest line has a number for each group */

static enum err list_once(int dir, struct mappings *out);
static maps_visit take_mapping;
static enum err count_pages(int dir, uint64_t *bytes);
static enum err field_bytes(struct view status, const char *key, uint64_t *bytes);
static uint64_t counted_bytes(const struct mappings *m);
static const struct maps_entry *next_file(const struct mappings *m, size_t *at);
static bool same_mapping(const struct maps_entry *a, const struct maps_entry *b);
static bool begins_with(struct view text, struct view begin);

enum err
mappings_list(int dir, struct mappings *out)
{
	uint64_t bytes;
	enum err e;

	for (unsigned listings = 0; listings < MAPPINGS_LISTINGS_MAX; listings++) {
		if ((e = list_once(dir, out)) != ERR_OK || (e = count_pages(dir, &bytes)) != ERR_OK)
			return e;
		if (counted_bytes(out) == bytes)
			return ERR_OK;
	}
	return ERR_CHANGED;
}

bool
mappings_same_files(const struct mappings *a, const struct mappings *b)
{
	const struct maps_entry *x, *y;
	size_t i = 0, j = 0;

	do {
		x = next_file(a, &i);
		y = next_file(b, &j);
	} while (x != NULL && y != NULL && same_mapping(x, y));
	return x == NULL && y == NULL;
}

void
mappings_free(struct mappings *m)
{
	free(m->list);
	buf_free(&m->text);
	memset(m, 0, sizeof(*m));
}

bool
mapping_is_memory(const struct maps_entry *entry)
{
	static const struct view shared_memory = VIEW_LITERAL("/dev/zero (deleted)");

	return entry->inode == 0 || (entry->shared && entry->device_major == 0 &&
					view_equal(entry->path, shared_memory));
}

static enum err
list_once(int dir, struct mappings *out)
{
	const int maps = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	bool is_known;
	enum err e;

	out->count = 0;
	buf_clear(&out->text);
	if (maps < 0)
		return errno == ENOENT || errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	e = procmap_each(maps, take_mapping, out, &is_known);
	if (is_known)
		(void)close(maps);
	else
		e = maps_each(maps, take_mapping, out);
	if (e != ERR_OK)
		return e;
	/* The text has moved until now; paths stand in it one behind the other. */
	for (size_t i = 0; i < out->count; i++) {
		out->list[i].path.data = out->text.data + at;
		at += out->list[i].path.size;
	}
	return ERR_OK;
}

static enum err
take_mapping(void *context, const struct maps_entry *entry)
{
	struct mappings *m = context;
	struct maps_entry *grown;

	if (!entry->executable)
		return ERR_OK;
	if (m->count == MAPPINGS_MAX)
		return ERR_FORMAT_SIZE;
	if (m->count == m->capacity) {
		m->capacity = m->capacity == 0 ? 64 : 2 * m->capacity;
		if ((grown = reallocarray(m->list, m->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		m->list = grown;
	}
	m->list[m->count++] = *entry;
	buf_append_view(&m->text, entry->path);
	return buf_status(&m->text);
}

/* What the kernel has counted as executable and not writable. */
static enum err
count_pages(int dir, uint64_t *bytes)
{
	struct buf status = BUF_INIT;
	uint64_t program, libraries;
	enum err e = small_file_read_made(dir, "status", STATUS_SIZE_MAX, &status);

	if (e == ERR_OK && (e = field_bytes(buf_view(&status), "VmExe", &program)) == ERR_OK &&
	    (e = field_bytes(buf_view(&status), "VmLib", &libraries)) == ERR_OK)
		*bytes = program + libraries;
	buf_free(&status);
	return e;
}

/* Who has no such field has no memory any more. */
static enum err
field_bytes(struct view status, const char *key, uint64_t *bytes)
{
	struct view value, word;
	uint64_t kibibytes;

	if (!procfs_status_field(status, key, &value))
		return ERR_NOT_FOUND;
	if (!procfs_next_word(&value, &word) || decimal_decode(word, &kibibytes) != ERR_OK ||
	    kibibytes > UINT64_MAX >> 11)
		return ERR_FORMAT;
	*bytes = kibibytes << 10;
	return ERR_OK;
}

/* The stack is counted for itself, and [vsyscall] belongs to all processes. */
static uint64_t
counted_bytes(const struct mappings *m)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < m->count; i++)
		if (!m->list[i].writable && !view_equal(m->list[i].path, VIEW_LITERAL("[stack]")) &&
		    !view_equal(m->list[i].path, VIEW_LITERAL("[vsyscall]")))
			bytes += m->list[i].end - m->list[i].start;
	return bytes;
}

static const struct maps_entry *
next_file(const struct mappings *m, size_t *at)
{
	while (*at < m->count) {
		const struct maps_entry *entry = &m->list[(*at)++];

		if (!mapping_is_memory(entry) && !begins_with(entry->path, VIEW_LITERAL("/memfd:")))
			return entry;
	}
	return NULL;
}

static bool
same_mapping(const struct maps_entry *a, const struct maps_entry *b)
{
	return a->start == b->start && a->end == b->end && a->writable == b->writable &&
	       a->shared == b->shared && a->device_major == b->device_major &&
	       a->device_minor == b->device_minor && a->offset == b->offset &&
	       a->inode == b->inode && view_equal(a->path, b->path);
}

static bool
begins_with(struct view text, struct view begin)
{
	return text.size >= begin.size && memcmp(text.data, begin.data, begin.size) == 0;
}

#include "log/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/inputfile.h"
#include "proto/encoding.h"

#define PENDING_PREFIX "pending." /* and the number of its first report, 20 digits */
#define PENDING_DIGITS 20

/* Directories in one another: "tile/entries" and seven groups of digits, the last with ".p". */
#define DEPTH_MAX 9

/* A tile's place as its path says it. */
struct place {
	bool entries;
	unsigned level;
	uint64_t index;
	unsigned width;
};

struct search {
	const struct log_reader *log;
	struct defects *defects;
	struct buf old, now;
};

static void list(struct search *s, int parent, const char *name, const char *path, unsigned depth);
static void check_name(
    struct search *s, DIR *directory, const struct dirent *entry, const char *path, unsigned depth);
static void tell_unlisted(struct search *s, const char *path);
static void check_file(struct search *s, const char *relative);
static bool is_pending(const char *name);
static bool place_parse(const char *relative, struct place *out);
static bool number_take(struct view *rest, size_t digits, uint64_t *out);
static void check_older(struct search *s, const char *relative, const struct place *p);
static bool is_beginning(const struct search *s, const struct place *p);

void
leftovers_check(const struct log_reader *l, struct defects *defects)
{
	struct search s = {.log = l, .defects = defects};

	list(&s, l->dir, ".", "", 0);
	buf_free(&s.old);
	buf_free(&s.now);
}

/* One name after the other: a directory may have more of them than there is memory. */
static void
list(struct search *s, int parent, const char *name, const char *path, unsigned depth)
{
	const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (directory == NULL) {
		tell_unlisted(s, path);
		if (fd >= 0)
			close(fd);
		return;
	}
	while (!defects_full(s->defects) && (errno = 0, entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			check_name(s, directory, entry, path, depth);
	if (!defects_full(s->defects) && errno != 0)
		tell_unlisted(s, path);
	closedir(directory);
}

static void
check_name(
    struct search *s, DIR *directory, const struct dirent *entry, const char *path, unsigned depth)
{
	char *below;
	struct stat st;

	if (asprintf(&below, "%s%s%s", path, path[0] != '\0' ? "/" : "", entry->d_name) < 0)
		abort();
	if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		tell_unlisted(s, below);
	else if (!S_ISDIR(st.st_mode))
		check_file(s, below);
	else if (depth < DEPTH_MAX)
		list(s, dirfd(directory), entry->d_name, below, depth + 1);
	else
		defects_remark(s->defects, below, "not a directory of a log; it is not looked at");
	free(below);
}

/* What is gone meanwhile, the signer has removed. */
static void
tell_unlisted(struct search *s, const char *path)
{
	if (errno != ENOENT)
		defects_add(s->defects, OUTCOME_UNKNOWN, path[0] != '\0' ? path : "its directory",
		    "cannot be listed: %s", inputfile_reason(ERR_IO));
}

static void
check_file(struct search *s, const char *relative)
{
	struct place p;
	unsigned width;

	if (strcmp(relative, "checkpoint") == 0 || is_pending(relative))
		return;
	if (!place_parse(relative, &p) || p.level > TILE_LEVEL_MAX) {
		defects_remark(s->defects, relative, "not a file of a log");
		return;
	}
	width = tile_width(p.level, p.index, s->log->checkpoint.size);
	if (p.width > width)
		defects_remark(
		    s->defects, relative, "ahead of the checkpoint, which does not cover it");
	else if (p.width < width)
		check_older(s, relative, &p);
}

/* The signer's reports on their way into the tiles. */
static bool
is_pending(const char *name)
{
	const size_t prefix = strlen(PENDING_PREFIX);

	return strncmp(name, PENDING_PREFIX, prefix) == 0 &&
	       strlen(name + prefix) == PENDING_DIGITS &&
	       strspn(name + prefix, "0123456789") == PENDING_DIGITS;
}

/* Only the one spelling that tile_path gives. */
static bool
place_parse(const char *relative, struct place *out)
{
	struct view rest = view_of_string(relative);
	char again[TILE_PATH_SIZE];
	uint64_t number;

	memset(out, 0, sizeof(*out));
	out->width = TILE_WIDTH;
	if (rest.size < 5 || memcmp(rest.data, "tile/", 5) != 0)
		return false;
	rest.data += 5;
	rest.size -= 5;
	out->entries = rest.size > 8 && memcmp(rest.data, "entries/", 8) == 0;
	if (out->entries) {
		rest.data += 7;
		rest.size -= 7;
	} else if (!number_take(&rest, 1, &number)) {
		return false;
	} else {
		out->level = (unsigned)number;
	}
	while (rest.size > 0 && rest.data[0] == '/') {
		size_t skip = rest.size > 1 && rest.data[1] == 'x' ? 2 : 1;

		rest.data += skip;
		rest.size -= skip;
		if (!number_take(&rest, 3, &number) || out->index > (UINT64_MAX - number) / 1000)
			return false;
		out->index = out->index * 1000 + number;
	}
	if (rest.size > 3 && memcmp(rest.data, ".p/", 3) == 0) {
		rest.data += 3;
		rest.size -= 3;
		if (decimal_decode(rest, &number) != ERR_OK || number == 0 || number >= TILE_WIDTH)
			return false;
		out->width = (unsigned)number;
	}
	if (out->entries)
		tile_entries_path(out->index, out->width, again);
	else
		tile_path(out->level, out->index, out->width, again);
	return strcmp(again, relative) == 0;
}

static bool
number_take(struct view *rest, size_t digits, uint64_t *out)
{
	*out = 0;
	if (rest->size < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (rest->data[i] < '0' || rest->data[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(rest->data[i] - '0');
	}
	rest->data += digits;
	rest->size -= digits;
	return true;
}

/* What cannot be read now has been named by the check of the tree. */
static void
check_older(struct search *s, const char *relative, const struct place *p)
{
	bool exact;
	enum err e;

	buf_clear(&s->old);
	e = inputfile_read(s->log->dir, relative, LOG_BUNDLE_SIZE_MAX, &s->old);
	if (e == ERR_NOT_FOUND)
		return; /* removed meanwhile, as a signer may do */
	if (e != ERR_OK) {
		defects_add(s->defects, outcome_of_error(e), relative, "%s", inputfile_reason(e));
		return;
	}
	if (p->entries)
		e = log_read_entries(s->log, p->index, &s->now, &exact);
	else
		e = log_read_tile(s->log, p->level, p->index, &s->now);
	if (e == ERR_OK && !is_beginning(s, p))
		defects_add(s->defects, OUTCOME_BAD, relative,
		    "expected the beginning of the tile that replaced it");
}

static bool
is_beginning(const struct search *s, const struct place *p)
{
	struct view rest = buf_view(&s->now), entry;
	size_t size = (size_t)p->width * DIGEST_SIZE;

	if (p->entries) {
		for (unsigned i = 0; i < p->width; i++)
			if (tile_entry_next(&rest, &entry) != ERR_OK)
				return false;
		size = s->now.size - rest.size;
	}
	return s->old.size == size && size <= s->now.size &&
	       (size == 0 || memcmp(s->old.data, s->now.data, size) == 0);
}

#include "auditor/leftovers.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/input.h"
#include "proto/encoding.h"
#include "proto/tile.h"

/* A tile's place as its path says it. */
struct place {
	bool entries;
	unsigned level;
	uint64_t index;
	unsigned width;
};

static void check_file(const struct log_reader *l, const char *path, const char *relative,
    uint64_t *surprises, uint64_t *faults, uint64_t faults_max);
static bool place_parse(const char *relative, struct place *out);
static bool number_take(struct view *rest, size_t digits, uint64_t *out);
static bool is_prefix_of_log(
    const struct log_reader *l, const char *path, const struct place *p, enum err *e);

void
leftovers_check(const struct log_reader *l, uint64_t *faults, uint64_t faults_max)
{
	char *roots[] = {(char *)l->directory, NULL};
	size_t skip = strlen(l->directory);
	uint64_t surprises = 0;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	for (FTSENT *f; walk != NULL && (f = fts_read(walk)) != NULL;) {
		const char *relative = f->fts_path + skip;

		if (f->fts_info == FTS_D || f->fts_info == FTS_DP)
			continue;
		while (*relative == '/')
			relative++;
		check_file(l, f->fts_path, relative, &surprises, faults, faults_max);
	}
	if (walk != NULL)
		fts_close(walk);
	if (surprises > faults_max)
		say("unexpected", "and %llu more files",
		    (unsigned long long)(surprises - faults_max));
}

static void
check_file(const struct log_reader *l, const char *path, const char *relative, uint64_t *surprises,
    uint64_t *faults, uint64_t faults_max)
{
	struct place p;
	unsigned width;
	enum err e = ERR_OK;

	if (strcmp(relative, "checkpoint") == 0 || strncmp(relative, "pending.", 8) == 0)
		return;
	if (!place_parse(relative, &p)) {
		if (++*surprises <= faults_max)
			say("unexpected", "%s is no file of a log", relative);
		return;
	}
	width = tile_width(p.level, p.index, l->checkpoint.size);
	if (p.width >= width)
		return; /* checked as part of the log, or not yet part of it */
	if (!is_prefix_of_log(l, path, &p, &e) && ++*faults <= faults_max)
		say_fault("fault", e, "%s differs from the tile that replaced it", relative);
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

static bool
is_prefix_of_log(const struct log_reader *l, const char *path, const struct place *p, enum err *e)
{
	struct buf old = BUF_INIT, now = BUF_INIT;
	bool prefix = true;

	*e = input_read(path, (size_t)TILE_WIDTH * (ENTRY_SIZE_MAX + 2), &old);
	if (*e == ERR_OK)
		*e = p->entries ? log_read_entries(l, p->index, &now)
				: log_read_tile(l, p->level, p->index, &now);
	if (*e == ERR_OK) {
		prefix = old.size <= now.size && memcmp(old.data, now.data, old.size) == 0 &&
			 (p->entries || old.size == (size_t)p->width * DIGEST_SIZE);
		*e = ERR_MISMATCH;
	}
	buf_free(&old);
	buf_free(&now);
	return prefix;
}

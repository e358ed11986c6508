#include "log/leftovers.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"
#include "proto/encoding.h"

#define PENDING_PREFIX "pending." /* and the number of its first report, 20 digits */
#define PENDING_DIGITS 20

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

static void check_file(struct search *s, const char *relative);
static bool is_pending(const char *name);
static bool place_parse(const char *relative, struct place *out);
static bool number_take(struct view *rest, size_t digits, uint64_t *out);
static void check_older(struct search *s, const char *relative, const struct place *p);
static bool is_beginning(const struct search *s, const struct place *p);

void
leftovers_check(const struct log_reader *l, const char *directory, struct defects *defects)
{
	char *root = strdup(directory);
	char *roots[] = {root, NULL};
	const size_t skip = strlen(directory);
	struct search s = {.log = l, .defects = defects};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	FTSENT *f;

	errno = 0;
	while (walk != NULL && !defects_full(defects) && (f = fts_read(walk)) != NULL) {
		const char *relative = f->fts_path + skip;

		while (*relative == '/')
			relative++;
		if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR || f->fts_info == FTS_NS)
			defects_add(defects, OUTCOME_UNKNOWN, f->fts_path, "cannot be listed: %s",
			    strerror(f->fts_errno));
		else if (f->fts_info != FTS_D && f->fts_info != FTS_DP)
			check_file(&s, relative);
	}
	if (walk == NULL || errno != 0)
		defects_add(
		    defects, OUTCOME_UNKNOWN, directory, "cannot be listed: %s", strerror(errno));
	if (walk != NULL)
		fts_close(walk);
	buf_free(&s.old);
	buf_free(&s.now);
	free(root);
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

#include "log/stored/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"
#include "log/log_reader.h"
#include "log/stored/noticed.h"
#include "proto/report/entry.h"
#include "proto/report/entry_issued.h"
#include "proto/tlog/tile.h"

struct recorded {
	struct log_reader log;
	struct report_document document;
	struct buf bundle; /* of entries */
};

/* One walk. */
struct walk {
	struct recorded *from;
	const struct recorded_listener *to;
	uint64_t since_s; /* 0: all count */
	uint64_t *unreadable;
};

static uint64_t find_begin(struct walk *w, uint64_t last_s, uint64_t tiles);
static bool time_of_tile(struct recorded *r, uint64_t tile, uint64_t *out);
static enum err take_tile(struct walk *w, uint64_t tile);
static enum err take_report(struct walk *w, uint64_t index, struct view entry);

enum err
recorded_open(const char *directory, struct recorded **out, const char **why)
{
	struct recorded *r = calloc(1, sizeof(*r));
	enum err e = ERR_MEMORY;

	*out = NULL;
	*why = err_text(ERR_MEMORY);
	if (r == NULL)
		return e;
	if ((e = log_open_unproved(&r->log, directory)) == ERR_OK) {
		*out = r;
	} else {
		*why = inputfile_reason(e);
		recorded_close(&r);
	}
	return e;
}

void
recorded_close(struct recorded **r)
{
	if (*r == NULL)
		return;
	log_close(&(*r)->log);
	report_document_free(&(*r)->document);
	buf_free(&(*r)->bundle);
	free(*r);
	*r = NULL;
}

enum err
recorded_walk(
    struct recorded *r, uint64_t last_s, const struct recorded_listener *to, uint64_t *unreadable)
{
	const uint64_t size = r->log.checkpoint.size;
	const uint64_t tiles = size / TILE_WIDTH + (size % TILE_WIDTH != 0);
	struct walk w = {.from = r, .to = to, .unreadable = unreadable};
	const uint64_t first = last_s > 0 ? find_begin(&w, last_s, tiles) : 0;
	enum err e = ERR_OK;

	*unreadable = 0;
	for (uint64_t tile = first; e == ERR_OK && tile < tiles; tile++) {
		e = take_tile(&w, tile);
		if (to->progress != NULL)
			to->progress(to->context, tile - first + 1, tiles - first);
	}
	return e;
}

enum err
recorded_notice(const struct recorded *r, const struct report *report, struct buf *to)
{
	return noticed_entry(&r->log, report, to);
}

/*
 * The first tile that has an entry of the wanted time; times of entries rise, but for a clock that
 * operators have corrected: then it is any of those where they meet. A tile that has no time is
 * not passed over: so none of the wanted time is, and what cannot be read is counted.
 */
static uint64_t
find_begin(struct walk *w, uint64_t last_s, uint64_t tiles)
{
	uint64_t begin = 0, below = tiles, time_s;

	while (below > 0 && !time_of_tile(w->from, below - 1, &time_s))
		below--;
	if (below == 0)
		return 0;
	w->since_s = time_s > last_s ? time_s - last_s : 0;
	for (below--; begin < below;) {
		const uint64_t middle = begin + (below - begin) / 2;

		if (time_of_tile(w->from, middle, &time_s) && time_s < w->since_s)
			begin = middle + 1;
		else
			below = middle;
	}
	return begin;
}

/* Of the last entry of a tile that can be read and has a time. */
static bool
time_of_tile(struct recorded *r, uint64_t tile, uint64_t *out)
{
	struct view rest, entry;
	bool exact, found = false;

	if (log_read_entries(&r->log, tile, &r->bundle, &exact) != ERR_OK)
		return false;
	rest = buf_view(&r->bundle);
	while (rest.size > 0 && tile_entry_next(&rest, &entry) == ERR_OK)
		found |= entry_issued(entry, out) == ERR_OK;
	return found;
}

/* What cannot be read is counted: the rest is worth knowing. */
static enum err
take_tile(struct walk *w, uint64_t tile)
{
	const uint64_t size = w->from->log.checkpoint.size, first = tile * TILE_WIDTH;
	const uint64_t count = size - first < TILE_WIDTH ? size - first : TILE_WIDTH;
	struct view rest, entry;
	bool exact;
	enum err e = log_read_entries(&w->from->log, tile, &w->from->bundle, &exact);

	if (e != ERR_OK) {
		*w->unreadable += count;
		return ERR_OK;
	}
	rest = buf_view(&w->from->bundle);
	for (uint64_t i = 0; e == ERR_OK && i < count; i++) {
		if (tile_entry_next(&rest, &entry) != ERR_OK) {
			*w->unreadable += count - i;
			break;
		}
		if (entry_kind(entry) == ENTRY_REPORT)
			e = take_report(w, first + i, entry);
		else if (entry_kind(entry) == ENTRY_NONE)
			++*w->unreadable;
	}
	return e;
}

static enum err
take_report(struct walk *w, uint64_t index, struct view entry)
{
	struct report_document *d = &w->from->document;

	if (report_parse(entry, d) != ERR_OK) {
		++*w->unreadable;
		return ERR_OK;
	}
	if (d->report.issued_s < w->since_s)
		return ERR_OK;
	return w->to->take(w->to->context, index, &d->report);
}

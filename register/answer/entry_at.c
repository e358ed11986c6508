#include "register/answer/entry_at.h"

#include <string.h>

#include "proto/report/entry_issued.h"
#include "proto/tlog/tile.h"
#include "register/view/view_sql.h"

static size_t entries_of(struct view bundle, struct view entries[TILE_WIDTH]);

bool
entry_at(struct view_reader *reader, const char *directory, struct view checkpoint,
    uint64_t seconds, uint64_t *out)
{
	sqlite3_stmt *s = view_reader_ask(reader, VIEW_TICK);
	struct view entries[TILE_WIDTH];
	struct log_reader log;
	struct buf bundle = BUF_INIT;
	size_t low = 0, high;
	uint64_t issued_s;
	bool exact;
	enum err e = ERR_OK;

	if (s == NULL)
		return false;
	view_sql_bind(s, "i", seconds);
	if (!view_sql_next(s, &e))
		return false;
	*out = view_sql_number(s, 0);
	sqlite3_reset(s);
	/* The first of the bundle is one that fits; the last that fits is looked for behind it. */
	if (entry_open_log(directory, checkpoint, &log) == ERR_OK &&
	    log_read_entries(&log, *out / TILE_WIDTH, &bundle, &exact) == ERR_OK) {
		high = entries_of(buf_view(&bundle), entries);
		while (high - low > 1) {
			const size_t middle = low + (high - low) / 2;

			if (entry_issued(entries[middle], &issued_s) != ERR_OK ||
			    issued_s > seconds)
				high = middle;
			else
				low = middle;
		}
		*out += low;
	}
	log_close(&log);
	buf_free(&bundle);
	return true;
}

static size_t
entries_of(struct view bundle, struct view entries[TILE_WIDTH])
{
	size_t count = 0;

	while (count < TILE_WIDTH && bundle.size > 0 &&
	       tile_entry_next(&bundle, &entries[count]) == ERR_OK)
		count++;
	return count > 0 ? count : 1;
}

enum err
entry_open_log(const char *directory, struct view checkpoint, struct log_reader *out)
{
	const uint8_t *end;
	enum err e = log_open_unproved(out, directory);

	/* The checkpoint that stands there may be newer, or a lie: ours was followed. */
	if (out->dir < 0 || e == ERR_MEMORY)
		return e == ERR_OK ? ERR_IO : e;
	buf_clear(&out->note);
	buf_append_view(&out->note, checkpoint);
	if ((e = buf_status(&out->note)) != ERR_OK)
		return e;
	if (checkpoint.size == 0 ||
	    (end = memmem(checkpoint.data, checkpoint.size, "\n\n", 2)) == NULL)
		return ERR_NOT_FOUND;
	return checkpoint_parse(
	    (struct view){checkpoint.data, (size_t)(end + 1 - checkpoint.data)}, &out->checkpoint);
}

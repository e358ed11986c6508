#include "register/grant/fall.h"

#include <jansson.h>
#include <string.h>

#include "log/log_reader.h"
#include "proto/report/report.h"
#include "register/view/view_reader.h"
#include "register/view/view_sql.h"

/* States that were looked at last: most workloads of a kind are in one of a few. */
#define STATES_KEPT 64

struct looked {
	uint64_t state;
	bool alike;
};

static enum err read_view(
    struct view_reader *reader, struct view collector, struct view workload, struct fall *out);
static enum err read_group(
    struct view_reader *reader, uint64_t state, struct view name, struct buf *group);
static enum err count_peers(struct view_reader *reader, struct fall *out);
static enum err read_log(struct view_reader *reader, uint64_t index, struct fall *out);
static enum err read_leaf(const struct register_log *log, uint64_t index, struct digest *leaf);

enum err
fall_read(const char *state, const struct register_log *log, struct view collector,
    struct view workload, uint64_t index, struct fall *out)
{
	struct view_reader *reader = NULL;
	struct buf path = BUF_INIT;
	enum err e;

	*out = (struct fall){.group = BUF_INIT, .origin = BUF_INIT};
	buf_append_format(&path, "%s/%s/view.db", state, log->name);
	buf_append_byte(&path, '\0');
	e = buf_status(&path);
	if (e == ERR_OK)
		e = view_reader_open((const char *)path.data, &reader);
	if (e == ERR_OK && (e = view_reader_begin(reader)) == ERR_OK) {
		e = read_log(reader, index, out);
		if (e == ERR_OK && !out->is_behind)
			e = read_view(reader, collector, workload, out);
		if (e == ERR_OK && out->is_fallen)
			e = count_peers(reader, out);
		view_reader_end(reader);
	}
	if (e == ERR_OK && out->is_fallen)
		e = read_leaf(log, index, &out->report);
	view_reader_close(&reader);
	buf_free(&path);
	return e;
}

void
fall_free(struct fall *f)
{
	buf_free(&f->group);
	buf_free(&f->origin);
}

static enum err
read_view(struct view_reader *reader, struct view collector, struct view workload, struct fall *out)
{
	sqlite3_stmt *row = view_reader_ask(reader, VIEW_WORKLOAD);
	uint64_t state = 0;
	enum err e = ERR_OK;

	if (row == NULL)
		return ERR_IO;
	view_sql_bind(row, "tt", collector, workload);
	if (!view_sql_next(row, &e))
		return e != ERR_OK ? e : ERR_NOT_FOUND;
	state = view_sql_number(row, WORKLOAD_STATE);
	out->is_fallen = view_sql_number(row, WORKLOAD_TIER) == REPORT_CONTRAINDICATED &&
			 view_sql_number(row, WORKLOAD_SILENT_ENTRY) == 0 &&
			 view_sql_number(row, WORKLOAD_LEFT) == 0;
	(void)sqlite3_reset(row);
	return read_group(reader, state, workload, &out->group);
}

/* Of a state: its group, or the workload's name. */
static enum err
read_group(struct view_reader *reader, uint64_t state, struct view name, struct buf *group)
{
	sqlite3_stmt *row = view_reader_ask(reader, VIEW_STATE);
	json_t *body = NULL;
	const json_t *said;
	enum err e = ERR_OK;

	if (row == NULL)
		return ERR_IO;
	view_sql_bind(row, "i", state);
	if (view_sql_next(row, &e)) {
		const struct view text = view_sql_view(row, 2);

		body = json_loadb((const char *)text.data, text.size, 0, NULL);
	}
	(void)sqlite3_reset(row);
	said = json_object_get(body, "group");
	buf_clear(group);
	if (said != NULL)
		buf_append(group, json_string_value(said), json_string_length(said));
	else
		buf_append_view(group, name);
	json_decref(body);
	return e != ERR_OK ? e : buf_status(group);
}

/* Those that are heard of. A name that is a group's too counts for both: more is not granted by it
 * than by either, as what was granted is counted by the same name. */
static enum err
count_peers(struct view_reader *reader, struct fall *out)
{
	sqlite3_stmt *rows = view_reader_ask(reader, VIEW_WORKLOADS);
	struct looked looked[STATES_KEPT] = {{0, false}};
	struct buf group = BUF_INIT;
	enum err e = ERR_OK;

	if (rows == NULL)
		return ERR_IO;
	view_sql_bind(rows, "i", (uint64_t)0);
	while (e == ERR_OK && view_sql_next(rows, &e)) {
		const uint64_t state = view_sql_number(rows, WORKLOAD_STATE);
		const struct view name = view_sql_view(rows, WORKLOAD_NAME);
		struct looked *l = &looked[state % STATES_KEPT];

		if (state == 0 || view_sql_number(rows, WORKLOAD_SILENT_ENTRY) != 0 ||
		    view_sql_number(rows, WORKLOAD_LEFT) != 0)
			continue;
		if (l->state != state) {
			/* By an empty name: the group alone is the state's. */
			e = read_group(reader, state, (struct view){NULL, 0}, &group);
			*l = (struct looked){state,
			    group.size > 0 && view_equal(buf_view(&group), buf_view(&out->group))};
			if (group.size == 0)
				l->state = 0; /* then the name decides, which is not the state's */
		}
		if (l->state == state ? l->alike : view_equal(name, buf_view(&out->group)))
			out->peers++;
	}
	(void)sqlite3_reset(rows);
	buf_free(&group);
	return e;
}

static enum err
read_log(struct view_reader *reader, uint64_t index, struct fall *out)
{
	sqlite3_stmt *row = view_reader_ask(reader, VIEW_LOG);
	enum err e = ERR_OK;

	if (row == NULL)
		return ERR_IO;
	if (view_sql_next(row, &e)) {
		buf_append_view(&out->origin, view_sql_view(row, 0));
		out->is_behind = view_sql_number(row, 1) <= index;
	}
	(void)sqlite3_reset(row);
	return e != ERR_OK ? e : buf_status(&out->origin);
}

/* The collector believes it only where it is that of a report that it has had a receipt of. */
static enum err
read_leaf(const struct register_log *log, uint64_t index, struct digest *leaf)
{
	struct log_reader reader;
	struct buf entry = BUF_INIT;
	enum err e = log_open_unproved(&reader, log->directory);

	if (e == ERR_OK && (e = log_prove_entry(&reader, index, &entry)) == ERR_OK)
		merkle_leaf(buf_view(&entry), leaf);
	log_close(&reader);
	buf_free(&entry);
	return e;
}

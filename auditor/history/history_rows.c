#include "auditor/history/history_rows.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "auditor/tell/wrapped.h"
#include "proto/text.h"
#include "proto/utc.h"

#define CELL_SIZE_MAX 8192 /* bytes: all components of a report fit */

enum sort { SORT_TEXT, SORT_TIME, SORT_NUMBER };

#define AT(member) offsetof(struct history_row, member)

static const struct column {
	const char *name;
	enum sort sort;
	size_t at;
} columns[] = {
    {"row", SORT_TEXT, AT(row)},
    {"host", SORT_TEXT, AT(host)},
    {"workload", SORT_TEXT, AT(workload)},
    {"from", SORT_TIME, AT(from_s)},
    {"to", SORT_TIME, AT(to_s)},
    {"first_entry", SORT_NUMBER, AT(first_entry)},
    {"last_entry", SORT_NUMBER, AT(last_entry)},
    {"reports", SORT_NUMBER, AT(reports)},
    {"longest_gap_s", SORT_NUMBER, AT(longest_gap_s)},
    {"allowed_s", SORT_NUMBER, AT(allowed_s)},
    {"age_s", SORT_NUMBER, AT(age_s)},
    {"verdict", SORT_TEXT, AT(verdict)},
    {"policy", SORT_TEXT, AT(policy)},
    {"code", SORT_TEXT, AT(code)},
    {"subject", SORT_TEXT, AT(subject)},
    {"detail", SORT_TEXT, AT(detail)},
    {"checked", SORT_TEXT, AT(checked)},
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void add_csv(struct history_rows *rows, const struct history_row *row);
static void add_json(struct json *json, const struct history_row *row);
static void add_table(const struct display *d, const struct history_row *row);

static struct view
text_of(const struct history_row *row, const struct column *c)
{
	return *(const struct view *)(const void *)((const char *)row + c->at);
}

static uint64_t
number_of(const struct history_row *row, const struct column *c)
{
	return *(const uint64_t *)(const void *)((const char *)row + c->at);
}

void
history_rows_begin(struct history_rows *rows)
{
	rows->line = BUF_INIT;
	if (rows->csv == NULL)
		return;
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		(void)fprintf(rows->csv, "%s%s", i == 0 ? "" : ",", columns[i].name);
	(void)fputc('\n', rows->csv);
}

void
history_rows_add(struct history_rows *rows, const struct history_row *row)
{
	if (rows->take != NULL)
		rows->take(rows->take_context, row);
	if (rows->csv != NULL)
		add_csv(rows, row);
	else if (rows->json != NULL)
		add_json(rows->json, row);
	else if (rows->table != NULL)
		add_table(rows->table, row);
}

void
history_rows_end(struct history_rows *rows)
{
	buf_free(&rows->line);
}

void
history_csv_cell(struct buf *to, struct view text)
{
	struct buf printable = BUF_INIT;

	text_append_printable(&printable, text, CELL_SIZE_MAX);
	buf_append_byte(to, '"');
	if (printable.size > 0 && strchr("=+-@", printable.data[0]) != NULL)
		buf_append_byte(to, '\'');
	for (size_t i = 0; i < printable.size; i++) {
		if (printable.data[i] == '"')
			buf_append_byte(to, '"');
		buf_append_byte(to, printable.data[i]);
	}
	buf_append_byte(to, '"');
	if (buf_status(&printable) != ERR_OK)
		to->failed = true;
	buf_free(&printable);
}

static void
add_csv(struct history_rows *rows, const struct history_row *row)
{
	struct buf *line = &rows->line;

	buf_clear(line);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		const struct column *c = &columns[i];

		if (i > 0)
			buf_append_byte(line, ',');
		if (c->sort == SORT_TEXT && text_of(row, c).size > 0)
			history_csv_cell(line, text_of(row, c));
		else if (c->sort == SORT_TIME && number_of(row, c) != HISTORY_NONE)
			utc_append(line, number_of(row, c));
		else if (c->sort == SORT_NUMBER && number_of(row, c) != HISTORY_NONE)
			buf_append_decimal(line, number_of(row, c));
	}
	buf_append_byte(line, '\n');
	if (buf_status(line) == ERR_OK)
		(void)fwrite(line->data, 1, line->size, rows->csv);
	else
		rows->failed = true;
}

static void
add_json(struct json *json, const struct history_row *row)
{
	json_open(json, NULL, '{');
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		const struct column *c = &columns[i];

		if (c->sort == SORT_TEXT && text_of(row, c).size > 0)
			json_view(json, c->name, text_of(row, c));
		else if (c->sort == SORT_TIME && number_of(row, c) != HISTORY_NONE)
			json_time(json, c->name, number_of(row, c));
		else if (c->sort == SORT_NUMBER && number_of(row, c) != HISTORY_NONE)
			json_number(json, c->name, number_of(row, c));
		else
			json_null(json, c->name);
	}
	json_close(json, '{');
}

/* When and what on the first line, the rest under it. */
static void
add_table(const struct display *d, const struct history_row *row)
{
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

	if (row->from_s == HISTORY_NONE)
		display_line(d, "%-9.*s  no report in the period", view_precision(row->row),
		    (const char *)row->row.data);
	else
		display_line(d, "%-9.*s  %s  %s%s%.*s", view_precision(row->row),
		    (const char *)row->row.data, utc_text(row->from_s, from),
		    row->to_s == HISTORY_NONE ? "(goes on)" : utc_text(row->to_s, to),
		    row->verdict.size > 0 ? "  " : "", view_precision(row->verdict),
		    (const char *)row->verdict.data);
	if (row->workload.size > 0)
		wrapped_line(d, "           ", "%.*s on %.*s", view_precision(row->workload),
		    (const char *)row->workload.data, view_precision(row->host),
		    (const char *)row->host.data);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		const struct column *c = &columns[i];

		if (c->at < AT(reports) || c->at == AT(verdict))
			continue;
		if (c->sort == SORT_TEXT && text_of(row, c).size > 0)
			wrapped_line(d, "           ", "%s: %.*s", c->name,
			    view_precision(text_of(row, c)), (const char *)text_of(row, c).data);
		else if (c->sort == SORT_NUMBER && number_of(row, c) != HISTORY_NONE)
			display_line(d, "           %s: %" PRIu64, c->name, number_of(row, c));
	}
}

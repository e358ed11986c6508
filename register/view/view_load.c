#include "register/view/view_load.h"

#include <string.h>

#include "register/view/view_sql.h"

static const char select_log[] =
    "SELECT origin, taken_to, checked_to, replayed_to, newest_s, unread,"
    " checkpoint, first_leaf, last_leaf FROM log";
static const char select_hosts[] = "SELECT n, collector FROM host ORDER BY n";
static const char select_workloads[] =
    "SELECT w.n, h.n, h.collector, w.name, w.state, w.from_entry, w.from_s, w.last_entry, w.last_s,"
    " w.reports, w.expires_s, w.due_s, w.gap_entry, w.silent_entry, w.silent_s, w.place_entry,"
    " w.place_s, w.places, w.sum, s.digest, g.state, w.tier, w.has_left,"
    " (SELECT t.boot FROM turn t WHERE t.workload = w.n AND length(t.boot) > 0"
    " ORDER BY t.entry DESC LIMIT 1)"
    " FROM workload w JOIN host h ON h.n = w.host LEFT JOIN state s ON s.n = w.state"
    " LEFT JOIN interval g ON w.gap_entry > 0 AND g.workload = w.n AND g.from_entry = w.gap_entry"
    " ORDER BY w.n";

static const char select_images[] =
    "SELECT digest, entry, issued_s, expires_s, due_s, has_left, state, sum,"
    " EXISTS (SELECT 1 FROM state s WHERE s.n = image.state) FROM image";

static enum err load_log(sqlite3_stmt *s, struct rows_log *log);
static enum err load_host(sqlite3_stmt *s, struct heads *heads);
static enum err load_workload(sqlite3_stmt *s, struct heads *heads);
static enum err check_image(sqlite3_stmt *s);

enum err
view_load(sqlite3 *db, struct heads *heads, struct rows_log *log)
{
	sqlite3_stmt *s[4] = {NULL, NULL, NULL, NULL};
	enum err e, rows = ERR_OK;

	if ((e = view_sql_prepare(db, select_log, &s[0])) == ERR_OK &&
	    (e = view_sql_prepare(db, select_hosts, &s[1])) == ERR_OK &&
	    (e = view_sql_prepare(db, select_workloads, &s[2])) == ERR_OK)
		e = view_sql_prepare(db, select_images, &s[3]);
	if (e == ERR_OK)
		e = view_sql_next(s[0], &rows) ? load_log(s[0], log) : ERR_FORMAT;
	while (e == ERR_OK && view_sql_next(s[1], &rows))
		e = load_host(s[1], heads);
	while (e == ERR_OK && view_sql_next(s[2], &rows))
		e = load_workload(s[2], heads);
	while (e == ERR_OK && view_sql_next(s[3], &rows))
		e = check_image(s[3]);
	for (unsigned i = 0; i < 4; i++)
		sqlite3_finalize(s[i]);
	return e != ERR_OK ? e : rows;
}

static enum err
load_log(sqlite3_stmt *s, struct rows_log *log)
{
	buf_append_view(&log->origin, view_sql_view(s, 0));
	log->taken_to = view_sql_number(s, 1);
	log->checked_to = view_sql_number(s, 2);
	log->replayed_to = view_sql_number(s, 3);
	log->newest_s = view_sql_number(s, 4);
	log->unread = view_sql_number(s, 5);
	buf_append_view(&log->checkpoint, view_sql_view(s, 6));
	view_sql_digest(s, 7, &log->first_leaf);
	view_sql_digest(s, 8, &log->last_leaf);
	if (buf_status(&log->origin) != ERR_OK)
		return ERR_MEMORY;
	return buf_status(&log->checkpoint);
}

/* Numbers are given one after the other: those of a whole view have no hole. */
static enum err
load_host(sqlite3_stmt *s, struct heads *heads)
{
	const struct view collector = view_sql_view(s, 1);
	const uint64_t n = view_sql_number(s, 0);

	if (n != HASH_COUNT(heads->hosts) + 1 || heads_find_host(heads, collector) != NULL)
		return ERR_FORMAT;
	return heads_add_host(heads, collector, n) != NULL ? ERR_OK : ERR_MEMORY;
}

static enum err
load_workload(sqlite3_stmt *s, struct heads *heads)
{
	const struct view collector = view_sql_view(s, 2), name = view_sql_view(s, 3);
	const struct view places = view_sql_view(s, 17);
	const struct view boot = view_sql_view(s, 23);
	struct head *h;

	if (view_sql_number(s, 0) != HASH_COUNT(heads->all) + 1 ||
	    heads_find(heads, collector, name) != NULL)
		return ERR_FORMAT;
	if ((h = heads_add(heads, collector, name)) == NULL)
		return ERR_MEMORY;
	h->n = view_sql_number(s, 0);
	h->host = view_sql_number(s, 1);
	h->state = view_sql_number(s, 4);
	h->from_entry = view_sql_number(s, 5);
	h->from_s = view_sql_number(s, 6);
	h->last_entry = view_sql_number(s, 7);
	h->last_s = view_sql_number(s, 8);
	h->reports = view_sql_number(s, 9);
	h->expires_s = view_sql_number(s, 10);
	h->due_s = view_sql_number(s, 11);
	h->gap_entry = view_sql_number(s, 12);
	h->silent_entry = view_sql_number(s, 13);
	h->silent_s = view_sql_number(s, 14);
	if (places.size > 0 &&
	    !places_load(&h->places, view_sql_number(s, 15), view_sql_number(s, 16), places))
		return ERR_FORMAT;
	view_sql_digest(s, 19, &h->stated);
	h->gap_state = view_sql_number(s, 20);
	h->tier = (enum report_status)view_sql_number(s, 21);
	h->left = view_sql_number(s, 22) != 0;
	if (boot.size == BOOT_ID_SIZE)
		memcpy(h->boot, boot.data, BOOT_ID_SIZE);
	h->stored = h->has_findings = true;
	h->stored_tier = h->tier;
	if (view_sql_number(s, 18) != rows_sum(h) ||
	    (h->state != 0 && digest_is_zero(&h->stated)) ||
	    (h->gap_entry != 0 && h->gap_state == 0))
		return ERR_FORMAT;
	return ERR_OK;
}

/* It is read where decisions are made; what is damaged is found here, where all is made anew. */
static enum err
check_image(sqlite3_stmt *s)
{
	struct rows_image image = {.entry = view_sql_number(s, 1),
	    .issued_s = view_sql_number(s, 2),
	    .expires_s = view_sql_number(s, 3),
	    .due_s = view_sql_number(s, 4),
	    .left = view_sql_number(s, 5) != 0,
	    .state = view_sql_number(s, 6)};

	view_sql_digest(s, 0, &image.digest);
	return view_sql_number(s, 7) == rows_image_sum(&image) && view_sql_number(s, 8) != 0
		   ? ERR_OK
		   : ERR_FORMAT;
}

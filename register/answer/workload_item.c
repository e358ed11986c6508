#include "register/answer/workload_item.h"

#include <inttypes.h>
#include <string.h>

#include "proto/encoding.h"
#include "register/view/places.h"
#include "register/view/view_sql.h"

static bool look_back(struct answering *x, sqlite3_stmt *row, struct workload_item *w);
static bool last_place(struct answering *x, sqlite3_stmt *row, struct workload_item *w);
static bool silence_then(struct answering *x, struct workload_item *w);
static void last_of(const struct places *p, uint64_t at, struct workload_item *w);
static void keep(struct workload_item *w, struct view policy, struct view body);

bool
workload_item_read(struct answering *x, sqlite3_stmt *row, struct workload_item *w)
{
	w->n = view_sql_number(row, WORKLOAD_N);
	w->collector = view_sql_view(row, WORKLOAD_COLLECTOR);
	w->name = view_sql_view(row, WORKLOAD_NAME);
	if (x->log.at < x->log.taken_to - (x->log.taken_to > 0))
		return look_back(x, row, w);
	w->stated = view_sql_number(row, WORKLOAD_STATE) != 0;
	w->reported = true;
	w->tier = (enum report_status)view_sql_number(row, WORKLOAD_TIER);
	w->state = view_sql_number(row, WORKLOAD_STATE);
	w->policy = w->body = (struct view){NULL, 0};
	w->from_entry = view_sql_number(row, WORKLOAD_FROM_ENTRY);
	w->from_s = view_sql_number(row, WORKLOAD_FROM_S);
	w->last_entry = view_sql_number(row, WORKLOAD_LAST_ENTRY);
	w->last_s = view_sql_number(row, WORKLOAD_LAST_S);
	w->reports = view_sql_number(row, WORKLOAD_REPORTS);
	w->expires_s = view_sql_number(row, WORKLOAD_EXPIRES_S);
	w->due_s = view_sql_number(row, WORKLOAD_DUE_S);
	w->left = view_sql_number(row, WORKLOAD_LEFT) != 0;
	w->silent_entry = view_sql_number(row, WORKLOAD_SILENT_ENTRY);
	w->silent_s = view_sql_number(row, WORKLOAD_SILENT_S);
	return true;
}

bool
workload_item_state(struct answering *x, struct workload_item *w)
{
	sqlite3_stmt *s;

	if (!w->stated || w->policy.size > 0)
		return true;
	if ((s = answering_ask(x, VIEW_STATE)) == NULL)
		return false;
	view_sql_bind(s, "i", w->state);
	if (answering_row(x, s))
		keep(w, view_sql_view(s, 1), view_sql_view(s, 2));
	sqlite3_reset(s);
	return !x->done;
}

void
workload_item_free(struct workload_item *w)
{
	buf_free(&w->storage);
}

json_t *
workload_item_json(struct answering *x, struct workload_item *w)
{
	json_t *o;

	if (!workload_item_state(x, w))
		return NULL;
	o = json_object();
	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "collector", answering_text(w->collector));
	answering_set(o, "workload", answering_text(w->name));
	answering_set(o, "link", workload_link(x, w->collector, w->name));
	answering_set(
	    o, "tier", answering_words(report_status_name(w->stated ? w->tier : REPORT_NONE)));
	answering_set(o, "silent",
	    w->silent_entry == 0 ? answering_null()
				 : answering_moment(w->silent_entry, w->silent_s));
	if (!w->stated) {
		answering_set(o, "policy", answering_null());
		answering_set(o, "since", answering_null());
		answering_set(o, "last", answering_null());
		return o;
	}
	answering_set(o, "policy", answering_text(w->policy));
	answering_set(o, "since", answering_moment(w->from_entry, w->from_s));
	answering_set(o, "last", answering_moment(w->last_entry, w->last_s));
	answering_set(o, "report", report_link(x, w->last_entry));
	if (w->reports > 0) {
		answering_set(o, "reports", json_integer((json_int_t)w->reports));
		answering_set(o, "expires", answering_time(w->expires_s));
		answering_set(o, "due", answering_time(w->due_s));
		answering_set(o, "left", json_boolean(w->left));
	}
	return o;
}

json_t *
workload_link(const struct answering *x, struct view collector, struct view name)
{
	struct buf link = BUF_INIT;
	json_t *made;

	buf_append_format(&link, "/v1/workloads/%s/", x->log.log->name);
	base64url_append(&link, collector);
	buf_append_byte(&link, '/');
	base64url_append(&link, name);
	made = answering_text(buf_view(&link));
	buf_free(&link);
	return made;
}

json_t *
report_link(const struct answering *x, uint64_t entry)
{
	return json_sprintf("/v1/reports/%s/%" PRIu64, x->log.log->name, entry);
}

bool
workload_item_name(struct answering *x, uint64_t n, json_t *to, bool *seen)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_WORKLOAD_BY_N);

	*seen = false;
	if (s == NULL)
		return false;
	view_sql_bind(s, "i", n);
	if (answering_row(x, s)) {
		const struct view collector = view_sql_view(s, WORKLOAD_COLLECTOR);
		const struct view name = view_sql_view(s, WORKLOAD_NAME);

		*seen = answering_sees(x, name) &&
			answer_query_matches(&x->query, PARAMETER_HOST, collector) &&
			answer_query_matches(&x->query, PARAMETER_WORKLOAD, name);
		if (*seen && to != NULL) {
			answering_set(to, "log", answering_words(x->log.log->name));
			answering_set(to, "collector", answering_text(collector));
			answering_set(to, "workload", answering_text(name));
			answering_set(to, "link", workload_link(x, collector, name));
		}
	}
	sqlite3_reset(s);
	return !x->done;
}

/* What it was at an entry that is not the newest. */
static bool
look_back(struct answering *x, sqlite3_stmt *row, struct workload_item *w)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_INTERVAL_AT);

	x->scanned += ANSWER_SCAN_PAST;
	w->reported = w->stated = false;
	w->reports = 0;
	if (s == NULL)
		return false;
	view_sql_bind(s, "ii", w->n, x->log.at);
	if (answering_row(x, s)) {
		w->reported = w->stated = true;
		w->from_entry = view_sql_number(s, 0);
		w->from_s = view_sql_number(s, 1);
		w->state = view_sql_number(s, 2);
		w->tier = (enum report_status)view_sql_number(s, 3);
		keep(w, view_sql_view(s, 4), view_sql_view(s, 5));
	}
	sqlite3_reset(s);
	return !x->done && last_place(x, row, w) && silence_then(x, w);
}

static void
keep(struct workload_item *w, struct view policy, struct view body)
{
	buf_clear(&w->storage);
	buf_append_view(&w->storage, policy);
	buf_append_view(&w->storage, body);
	w->policy = w->body = (struct view){NULL, 0};
	if (buf_status(&w->storage) != ERR_OK)
		return;
	w->policy = (struct view){w->storage.data, policy.size};
	w->body = (struct view){w->storage.data + policy.size, body.size};
}

/* The newest report that is no gap record, up to then. */
static bool
last_place(struct answering *x, sqlite3_stmt *row, struct workload_item *w)
{
	struct places p;
	sqlite3_stmt *s;

	w->last_entry = w->last_s = 0;
	if (places_load(&p, view_sql_number(row, WORKLOAD_PLACE_ENTRY),
		view_sql_number(row, WORKLOAD_PLACE_S), view_sql_view(row, WORKLOAD_PLACES)) &&
	    p.first_entry <= x->log.at)
		last_of(&p, x->log.at, w);
	if (w->last_entry != 0)
		return true;
	if ((s = answering_ask(x, VIEW_PLACES)) == NULL)
		return false;
	view_sql_bind(s, "ii", w->n, x->log.at);
	while (w->last_entry == 0 && answering_row(x, s))
		if (places_load(
			&p, view_sql_number(s, 0), view_sql_number(s, 1), view_sql_view(s, 2)))
			last_of(&p, x->log.at, w);
	sqlite3_reset(s);
	return !x->done;
}

static void
last_of(const struct places *p, uint64_t at, struct workload_item *w)
{
	struct place each;
	size_t next = 0;

	while (places_next(p, &next, &each) && each.entry <= at) {
		w->reported = true;
		if (each.offline)
			continue;
		w->last_entry = each.entry;
		w->last_s = each.issued_s;
	}
}

static bool
silence_then(struct answering *x, struct workload_item *w)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_SILENCE_AT);
	uint64_t back;

	w->silent_entry = w->silent_s = 0;
	if (s == NULL)
		return false;
	view_sql_bind(s, "ii", w->n, x->log.at);
	if (answering_row(x, s)) {
		back = view_sql_number(s, 5);
		if (back == 0 || back > x->log.at) {
			w->silent_entry = view_sql_number(s, 0);
			w->silent_s = view_sql_number(s, 2);
			w->reported = true;
		}
	}
	sqlite3_reset(s);
	return !x->done;
}

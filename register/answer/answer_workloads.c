#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/identity.h"
#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/places.h"
#include "register/view/view_sql.h"

static bool is_named(const struct answering *x, sqlite3_stmt *row);
static bool is_wanted(const struct answering *x, const struct workload_item *w);
static sqlite3_stmt *find_named(struct answering *x);
static void add_intervals(struct answering *x, uint64_t workload, json_t *to);
static bool list_places(struct answering *x, const struct places *p, uint64_t before);

void
answer_workloads(struct answering *x)
{
	struct workload_item w = {0};
	const bool by_tier = answer_query_has(&x->query, PARAMETER_TIER) &&
			     !answer_query_has(&x->query, PARAMETER_AT);
	const enum view_query q = by_tier ? VIEW_WORKLOADS_OF_TIER : VIEW_WORKLOADS;
	uint64_t after, unused;
	sqlite3_stmt *s;

	while (answering_next_log(x, &after, &unused)) {
		if (x->log.none)
			continue;
		if ((s = answering_ask(x, q)) == NULL)
			break;
		if (q == VIEW_WORKLOADS)
			view_sql_bind(s, "i", after);
		else
			view_sql_bind(s, "ii", after, (uint64_t)x->query.tier);
		while (answering_row(x, s)) {
			if (!is_named(x, s)) {
				if (!answering_go_on(x, view_sql_number(s, WORKLOAD_N), 0))
					break;
				continue;
			}
			if (!workload_item_read(x, s, &w) ||
			    (is_wanted(x, &w) && !answering_add(x, workload_item_json(x, &w))) ||
			    !answering_go_on(x, w.n, 0))
				break;
		}
		sqlite3_reset(s);
	}
	workload_item_free(&w);
}

/* What its row alone tells; the rest may have to be looked up. */
static bool
is_named(const struct answering *x, sqlite3_stmt *row)
{
	const struct view name = view_sql_view(row, WORKLOAD_NAME);

	return answering_sees(x, name) &&
	       answer_query_matches(
		   &x->query, PARAMETER_HOST, view_sql_view(row, WORKLOAD_COLLECTOR)) &&
	       answer_query_matches(&x->query, PARAMETER_WORKLOAD, name);
}

static bool
is_wanted(const struct answering *x, const struct workload_item *w)
{
	const struct answer_query *q = &x->query;

	return w->reported &&
	       (!answer_query_has(q, PARAMETER_TIER) ||
		   q->tier == (w->stated ? w->tier : REPORT_NONE)) &&
	       (!answer_query_has(q, PARAMETER_SILENT) || q->silent == (w->silent_entry != 0));
}

void
answer_workload(struct answering *x)
{
	struct workload_item w = {0};
	sqlite3_stmt *s;
	json_t *item, *intervals;

	if ((s = find_named(x)) == NULL)
		return;
	if (workload_item_read(x, s, &w) && !w.reported)
		answering_not_found(x);
	if (!x->done && (item = workload_item_json(x, &w)) != NULL) {
		answering_set(
		    item, "states", w.stated ? answering_parsed(w.body) : answering_null());
		intervals = json_array();
		add_intervals(x, w.n, intervals);
		answering_set(item, "intervals", intervals);
		answering_set(x->body, "workload", item);
	}
	workload_item_free(&w);
}

/* The newest first; the cursor goes on before the oldest of the page. */
static void
add_intervals(struct answering *x, uint64_t workload, json_t *to)
{
	uint64_t before = x->log.at == UINT64_MAX ? INT64_MAX : x->log.at + 1;
	sqlite3_stmt *s = answering_ask(x, VIEW_INTERVALS);

	if (answer_query_has(&x->query, PARAMETER_CURSOR)) {
		if (x->query.cursor.resource != x->resource)
			answering_refuse(x, 400, "bad-cursor", "the cursor is of another list");
		before = x->query.cursor.first;
	}
	if (s == NULL)
		return;
	view_sql_bind(s, "ii", workload, before);
	while (answering_row(x, s)) {
		const uint64_t from = view_sql_number(s, 0), last = view_sql_number(s, 2);
		json_t *o = json_object();

		answering_set(o, "tier",
		    answering_words(report_status_name((enum report_status)view_sql_number(s, 6))));
		answering_set(o, "policy", answering_text(view_sql_view(s, 7)));
		answering_set(o, "offline", json_boolean(view_sql_number(s, 5) != 0));
		answering_set(o, "from", answering_moment(from, view_sql_number(s, 1)));
		answering_set(o, "last",
		    last == 0 ? answering_null() : answering_moment(last, view_sql_number(s, 3)));
		answering_set(o, "reports",
		    last == 0 ? answering_null() : json_integer((json_int_t)view_sql_number(s, 4)));
		answering_set(o, "report", report_link(x, from));
		answering_set(o, "states", answering_parsed(view_sql_view(s, 8)));
		(void)json_array_append_new(to, o);
		x->item_count++;
		if (!answering_go_on(x, from, 0))
			break;
	}
	sqlite3_reset(s);
}

void
answer_workload_reports(struct answering *x)
{
	uint64_t before = INT64_MAX, n;
	struct places p;
	sqlite3_stmt *s;
	bool more = true;

	if ((s = find_named(x)) == NULL)
		return;
	if (x->log.at != UINT64_MAX)
		before = x->log.at + 1;
	if (answer_query_has(&x->query, PARAMETER_CURSOR)) {
		if (x->query.cursor.resource != x->resource)
			answering_refuse(x, 400, "bad-cursor", "the cursor is of another list");
		before = x->query.cursor.first;
	}
	n = view_sql_number(s, WORKLOAD_N);
	if (places_load(&p, view_sql_number(s, WORKLOAD_PLACE_ENTRY),
		view_sql_number(s, WORKLOAD_PLACE_S), view_sql_view(s, WORKLOAD_PLACES)))
		more = list_places(x, &p, before);
	if (!more || (s = answering_ask(x, VIEW_PLACES)) == NULL)
		return;
	view_sql_bind(s, "ii", n, before);
	while (answering_row(x, s))
		if (places_load(
			&p, view_sql_number(s, 0), view_sql_number(s, 1), view_sql_view(s, 2)) &&
		    !list_places(x, &p, before))
			break;
	sqlite3_reset(s);
}

/* A piece's, the newest first. False: the page is full. */
static bool
list_places(struct answering *x, const struct places *p, uint64_t before)
{
	struct place each, all[PLACES_SIZE];
	size_t at = 0, count = 0;

	while (places_next(p, &at, &each) && each.entry < before)
		all[count++] = each;
	while (count-- > 0) {
		json_t *o = answering_moment(all[count].entry, all[count].issued_s);

		answering_set(o, "offline", json_boolean(all[count].offline));
		answering_set(o, "report", report_link(x, all[count].entry));
		if (!answering_add(x, o) || !answering_go_on(x, all[count].entry, 0))
			return false;
	}
	return true;
}

/* The workload that three segments name: log, and base64url of collector and workload. */
static sqlite3_stmt *
find_named(struct answering *x)
{
	size_t collector_size;
	sqlite3_stmt *s;

	if (!answering_open_named(x))
		return NULL;
	if (base64url_decode(x->segment[1], &x->named) != ERR_OK ||
	    (collector_size = x->named.size) > IDENTITY_SIZE_MAX ||
	    base64url_decode(x->segment[2], &x->named) != ERR_OK) {
		answering_refuse(x, 400, "bad-path",
		    "collector and workload stand in the path as base64url without padding");
		return NULL;
	}
	const struct view collector = {x->named.data, collector_size};
	const struct view name = {x->named.data + collector_size, x->named.size - collector_size};

	if (!answering_sees(x, name) || x->log.none) {
		answering_not_found(x);
		return NULL;
	}
	if ((s = answering_ask(x, VIEW_WORKLOAD)) == NULL)
		return NULL;
	view_sql_bind(s, "tt", collector, name);
	if (!answering_row(x, s)) {
		answering_not_found(x);
		return NULL;
	}
	return s;
}

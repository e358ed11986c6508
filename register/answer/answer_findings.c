#include <string.h>

#include "proto/encoding.h"
#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/view_sql.h"

static bool count_affected(
    struct answering *x, uint64_t cause, uint64_t *count, uint64_t *entry, uint64_t *since);
static sqlite3_stmt *ask_findings(struct answering *x, uint64_t cause, uint64_t after);
static json_t *cause_json(
    struct answering *x, sqlite3_stmt *s, uint64_t count, uint64_t entry, uint64_t since);
static void list_silences(struct answering *x, uint64_t entry, uint64_t workload);
static json_t *silence_json(struct answering *x, sqlite3_stmt *s);

void
answer_findings(struct answering *x)
{
	uint64_t after, unused, count, entry, since;
	sqlite3_stmt *s;

	while (answering_next_log(x, &after, &unused)) {
		if (x->log.none)
			continue;
		if ((s = answering_ask(x, VIEW_CAUSES)) == NULL)
			return;
		view_sql_bind(s, "i", after);
		while (answering_row(x, s)) {
			const uint64_t cause = view_sql_number(s, 0);

			if (answer_query_matches(&x->query, PARAMETER_CODE, view_sql_view(s, 2)) &&
			    (!count_affected(x, cause, &count, &entry, &since) ||
				(count > 0 &&
				    !answering_add(x, cause_json(x, s, count, entry, since)))))
				break;
			if (!answering_go_on(x, cause, 0))
				break;
		}
		sqlite3_reset(s);
	}
}

/* Workloads that have it at the open log's `at`, and since when the first of them. */
static bool
count_affected(
    struct answering *x, uint64_t cause, uint64_t *count, uint64_t *entry, uint64_t *since)
{
	sqlite3_stmt *s = ask_findings(x, cause, 0);
	bool seen = true;

	*count = *entry = *since = 0;
	if (s == NULL)
		return false;
	while (answering_row(x, s)) {
		x->scanned++;
		if (x->scope->may_see != NULL &&
		    !workload_item_name(x, view_sql_number(s, 0), NULL, &seen))
			break;
		if (!seen)
			continue;
		if ((*count)++ == 0 || view_sql_number(s, 1) < *entry) {
			*entry = view_sql_number(s, 1);
			*since = view_sql_number(s, 2);
		}
	}
	sqlite3_reset(s);
	return !x->done;
}

/* Of workloads behind `after`. What is so now is few among all that ever was. */
static sqlite3_stmt *
ask_findings(struct answering *x, uint64_t cause, uint64_t after)
{
	const bool now = x->log.at >= x->log.taken_to - (x->log.taken_to > 0);
	sqlite3_stmt *s = answering_ask(x, now ? VIEW_FINDINGS_NOW : VIEW_FINDINGS);

	if (s != NULL && now)
		view_sql_bind(s, "ii", cause, after);
	else if (s != NULL)
		view_sql_bind(s, "iii", cause, after, x->log.at);
	return s;
}

static json_t *
cause_json(struct answering *x, sqlite3_stmt *s, uint64_t count, uint64_t entry, uint64_t since)
{
	json_t *o = json_object();

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "kind", answering_text(view_sql_view(s, 1)));
	answering_set(o, "code", answering_text(view_sql_view(s, 2)));
	answering_set(o, "subject", answering_text(view_sql_view(s, 3)));
	answering_set(o, "workloads", json_integer((json_int_t)count));
	answering_set(o, "since", answering_moment(entry, since));
	answering_set(o, "link",
	    json_sprintf("/v1/findings/%s/%llu", x->log.log->name,
		(unsigned long long)view_sql_number(s, 0)));
	return o;
}

/* Who has one finding: the workloads, by their numbers. */
void
answer_finding(struct answering *x)
{
	uint64_t cause, after = 0;
	sqlite3_stmt *s;

	if (!answering_open_named(x))
		return;
	if (decimal_decode(x->segment[1], &cause) != ERR_OK || x->log.none) {
		answering_not_found(x);
		return;
	}
	if (answer_query_has(&x->query, PARAMETER_CURSOR)) {
		if (x->query.cursor.resource != x->resource)
			answering_refuse(x, 400, "bad-cursor", "the cursor is of another list");
		after = x->query.cursor.first;
	}
	if ((s = ask_findings(x, cause, after)) == NULL)
		return;
	while (answering_row(x, s)) {
		json_t *o = json_object();
		bool seen;

		if (!workload_item_name(x, view_sql_number(s, 0), o, &seen) || !seen) {
			json_decref(o);
		} else {
			answering_set(o, "since",
			    answering_moment(view_sql_number(s, 1), view_sql_number(s, 2)));
			answering_set(o, "report", report_link(x, view_sql_number(s, 1)));
			if (!answering_add(x, o))
				break;
		}
		if (!answering_go_on(x, view_sql_number(s, 0), 0))
			break;
	}
	sqlite3_reset(s);
}

void
answer_silences(struct answering *x)
{
	uint64_t entry, workload;

	while (answering_next_log(x, &entry, &workload))
		list_silences(x, entry == 0 ? INT64_MAX : entry, workload);
}

static void
list_silences(struct answering *x, uint64_t entry, uint64_t workload)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_SILENCES);

	if (s == NULL)
		return;
	view_sql_bind(s, "ii", entry, workload);
	while (answering_row(x, s)) {
		json_t *o = silence_json(x, s);
		bool seen;

		if (!workload_item_name(x, view_sql_number(s, 1), o, &seen) || !seen)
			json_decref(o);
		else if (!answering_add(x, o))
			break;
		if (!answering_go_on(x, view_sql_number(s, 0), view_sql_number(s, 1)))
			break;
	}
	sqlite3_reset(s);
}

static json_t *
silence_json(struct answering *x, sqlite3_stmt *s)
{
	const uint64_t to = view_sql_number(s, 5);
	json_t *o = json_object();

	answering_set(o, "from", answering_moment(view_sql_number(s, 0), view_sql_number(s, 2)));
	answering_set(o, "due", answering_time(view_sql_number(s, 3)));
	answering_set(o, "absences", json_integer((json_int_t)view_sql_number(s, 4)));
	answering_set(
	    o, "to", to == 0 ? answering_null() : answering_moment(to, view_sql_number(s, 6)));
	answering_set(o, "report", report_link(x, view_sql_number(s, 0)));
	return o;
}

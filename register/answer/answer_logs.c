#include <inttypes.h>

#include "proto/utc.h"
#include "register/answer/answerer.h"
#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/view_sql.h"

static void list_newest(
    struct answering *x, enum view_query q, json_t *(*item)(struct answering *x, sqlite3_stmt *s));
static bool goes_on(const struct answering *x);
static json_t *policy_json(struct answering *x, sqlite3_stmt *s);
static json_t *notice_json(struct answering *x, sqlite3_stmt *s);
static json_t *alarm_json(struct answering *x, sqlite3_stmt *s);

void
answer_logs(struct answering *x)
{
	uint64_t first, second;
	sqlite3_stmt *s;
	json_t *o;

	while (answering_next_log(x, &first, &second)) {
		if ((s = answering_ask(x, VIEW_LOG)) == NULL || !answering_row(x, s))
			return;
		o = json_object();
		answering_set(o, "log", answering_words(x->log.log->name));
		answering_set(o, "origin", answering_text(view_sql_view(s, 0)));
		answering_set(o, "taken_to", json_integer((json_int_t)x->log.taken_to));
		answering_set(o, "checked_to", json_integer((json_int_t)x->log.checked_to));
		answering_set(o, "replayed_to", json_integer((json_int_t)x->log.replayed_to));
		answering_set(o, "newest", answering_time(view_sql_number(s, 4)));
		answering_set(o, "unread", json_integer((json_int_t)view_sql_number(s, 5)));
		/* Who sees some workloads is not told how many others there are. */
		if (x->scope->may_see == NULL) {
			answering_set(o, "hosts", json_integer((json_int_t)view_sql_number(s, 7)));
			answering_set(
			    o, "workloads", json_integer((json_int_t)view_sql_number(s, 8)));
		}
		answering_set(o, "checkpoint", answering_text(buf_view(&x->log.checkpoint)));
		sqlite3_reset(s);
		if (!answering_add(x, o))
			return;
	}
}

void
answer_policies(struct answering *x)
{
	list_newest(x, VIEW_POLICIES, policy_json);
}

void
answer_notices(struct answering *x)
{
	list_newest(x, VIEW_NOTICES, notice_json);
}

/* Whether the open log is the one in which the page before ended. */
static bool
goes_on(const struct answering *x)
{
	return answer_query_has(&x->query, PARAMETER_CURSOR) &&
	       x->log.number == (x->query.cursor.log & 0xffff);
}

static void
list_newest(
    struct answering *x, enum view_query q, json_t *(*item)(struct answering *x, sqlite3_stmt *s))
{
	uint64_t before, unused;
	sqlite3_stmt *s;

	while (answering_next_log(x, &before, &unused)) {
		if (x->log.none)
			continue;
		if ((s = answering_ask(x, q)) == NULL)
			return;
		if (!goes_on(x)) /* entry 0 may have been the last of a page */
			before = x->log.at == UINT64_MAX ? INT64_MAX : x->log.at + 1;
		view_sql_bind(s, "i", before);
		while (answering_row(x, s))
			if ((answer_query_matches(&x->query, PARAMETER_KIND, view_sql_view(s, 2)) &&
				!answering_add(x, item(x, s))) ||
			    !answering_go_on(x, view_sql_number(s, 0), 0))
				break;
		sqlite3_reset(s);
	}
}

static json_t *
policy_json(struct answering *x, sqlite3_stmt *s)
{
	const struct view name = view_sql_view(s, 3);
	json_t *o = json_object();

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "from", answering_moment(view_sql_number(s, 0), view_sql_number(s, 1)));
	answering_set(o, "manifest", answering_hex(view_sql_view(s, 2)));
	answering_set(o, "name", name.size > 0 ? answering_text(name) : answering_null());
	answering_set(o, "approvals", answering_parsed(view_sql_view(s, 4)));
	answering_set(o, "report", report_link(x, view_sql_number(s, 0)));
	return o;
}

static json_t *
notice_json(struct answering *x, sqlite3_stmt *s)
{
	json_t *o = answering_moment(view_sql_number(s, 0), view_sql_number(s, 1));

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "kind", answering_text(view_sql_view(s, 2)));
	answering_set(o, "notice", answering_text(view_sql_view(s, 3)));
	answering_set(o, "report", report_link(x, view_sql_number(s, 0)));
	return o;
}

void
answer_alarms(struct answering *x)
{
	uint64_t skip, unused, at;
	sqlite3_stmt *s;

	/* There are as many as kinds and entries that were wrong: a cursor counts them. */
	while (answering_next_log(x, &skip, &unused)) {
		if ((s = answering_ask(x, VIEW_ALARMS)) == NULL)
			return;
		for (at = 1; answering_row(x, s); at++) {
			if (at <= skip)
				continue;
			if (!answering_add(x, alarm_json(x, s)) || !answering_go_on(x, at, 0))
				break;
		}
		sqlite3_reset(s);
	}
}

static json_t *
alarm_json(struct answering *x, sqlite3_stmt *s)
{
	const uint64_t entry = view_sql_number(s, 1);
	json_t *o = json_object();

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "kind", answering_text(view_sql_view(s, 0)));
	answering_set(
	    o, "entry", entry >= INT64_MAX ? answering_null() : json_integer((json_int_t)entry));
	/* They name hosts and workloads, whosever these are. */
	answering_set(o, "words",
	    x->scope->may_see == NULL
		? answering_text(view_sql_view(s, 2))
		: answering_words("what is wrong is told to who sees all there is"));
	answering_set(o, "first", answering_time(view_sql_number(s, 3) / 1000));
	answering_set(o, "last", answering_time(view_sql_number(s, 4) / 1000));
	answering_set(o, "count", json_integer((json_int_t)view_sql_number(s, 5)));
	return o;
}

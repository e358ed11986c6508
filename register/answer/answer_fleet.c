#include "register/answer/resources.h"
#include "register/view/view_sql.h"

/* Names of a page, each once: where each stands in its list. */
struct names {
	json_t *list, *places;
};

/*
 * A page is of so many: 10,000 hosts of three workloads are two pages, of 250 KB each. It has no
 * `limit`, since whoever wants few asks for workloads.
 */
#define FLEET_PAGE ANSWER_SCAN_MAX

static json_t *fleet_item(
    struct answering *x, sqlite3_stmt *s, struct names *hosts, struct names *workloads);
static json_t *place_of(struct names *names, struct view name);

void
answer_fleet(struct answering *x)
{
	struct names hosts = {json_array(), json_object()},
		     workloads = {json_array(), json_object()};
	uint64_t after, unused;
	sqlite3_stmt *s;

	x->query.limit = FLEET_PAGE;
	answering_set(x->body, "hosts", hosts.list);
	answering_set(x->body, "workloads", workloads.list);
	while (answering_next_log(x, &after, &unused)) {
		if ((s = answering_ask(x, VIEW_WORKLOADS)) == NULL)
			break;
		view_sql_bind(s, "i", after);
		while (answering_row(x, s)) {
			if (answering_sees(x, view_sql_view(s, WORKLOAD_NAME)) &&
			    !answering_add(x, fleet_item(x, s, &hosts, &workloads)))
				break;
			if (!answering_go_on(x, view_sql_number(s, WORKLOAD_N), 0))
				break;
		}
		sqlite3_reset(s);
	}
	json_decref(hosts.places);
	json_decref(workloads.places);
}

/* [log, host, workload, tier, since, silent since, left], as doc/openapi.yaml says. */
static json_t *
fleet_item(struct answering *x, sqlite3_stmt *s, struct names *hosts, struct names *workloads)
{
	const bool stated = view_sql_number(s, WORKLOAD_STATE) != 0;
	json_t *item = json_array();

	(void)json_array_append_new(item, json_integer((json_int_t)json_array_size(x->as_of) - 1));
	(void)json_array_append_new(item, place_of(hosts, view_sql_view(s, WORKLOAD_COLLECTOR)));
	(void)json_array_append_new(item, place_of(workloads, view_sql_view(s, WORKLOAD_NAME)));
	(void)json_array_append_new(item,
	    json_integer(stated ? (json_int_t)view_sql_number(s, WORKLOAD_TIER) : REPORT_NONE));
	(void)json_array_append_new(
	    item, json_integer(stated ? (json_int_t)view_sql_number(s, WORKLOAD_FROM_S) : 0));
	(void)json_array_append_new(
	    item, json_integer((json_int_t)view_sql_number(s, WORKLOAD_SILENT_ENTRY) == 0
				   ? 0
				   : (json_int_t)view_sql_number(s, WORKLOAD_SILENT_S)));
	(void)json_array_append_new(item, json_integer(view_sql_number(s, WORKLOAD_LEFT) != 0));
	return item;
}

/* Of a name that there is no memory for, null: what is made of it is no valid answer. */
static json_t *
place_of(struct names *names, struct view name)
{
	const char *key = name.size > 0 ? (const char *)name.data : "";
	json_t *place = json_object_getn(names->places, key, name.size);

	if (place != NULL)
		return json_incref(place);
	place = json_integer((json_int_t)json_array_size(names->list));
	if (json_array_append_new(names->list, answering_text(name)) != 0 ||
	    json_object_setn_nocheck(names->places, key, name.size, place) != 0) {
		json_decref(place);
		return answering_null();
	}
	return place;
}

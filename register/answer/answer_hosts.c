#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/view_sql.h"

/* What a host's workloads are, counted. */
struct host_counts {
	unsigned seen, silent, tier[4];
	uint64_t last_entry, last_s;
};

static const enum report_status tiers[4] = {
    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};

static bool count_workloads(struct answering *x, uint64_t host, struct host_counts *out);
static void count_one(const struct workload_item *w, struct host_counts *c);
static json_t *host_json(
    const struct answering *x, struct view collector, const struct host_counts *c);

void
answer_hosts(struct answering *x)
{
	uint64_t after, unused;
	sqlite3_stmt *s;

	while (answering_next_log(x, &after, &unused)) {
		if (x->log.none)
			continue;
		if ((s = answering_ask(x, VIEW_HOSTS)) == NULL)
			return;
		view_sql_bind(s, "i", after);
		while (answering_row(x, s)) {
			const struct view collector = view_sql_view(s, 1);
			struct host_counts c = {0};

			if (answer_query_matches(&x->query, PARAMETER_HOST, collector) &&
			    (!count_workloads(x, view_sql_number(s, 0), &c) ||
				(c.seen > 0 && !answering_add(x, host_json(x, collector, &c)))))
				break;
			if (!answering_go_on(x, view_sql_number(s, 0), 0))
				break;
		}
		sqlite3_reset(s);
	}
}

static bool
count_workloads(struct answering *x, uint64_t host, struct host_counts *out)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_WORKLOADS_OF_HOST);
	struct workload_item w = {0};

	if (s == NULL)
		return false;
	view_sql_bind(s, "i", host);
	while (answering_row(x, s)) {
		x->scanned++;
		if (!answering_sees(x, view_sql_view(s, WORKLOAD_NAME)))
			continue;
		if (!workload_item_read(x, s, &w))
			break;
		if (w.reported)
			count_one(&w, out);
	}
	sqlite3_reset(s);
	workload_item_free(&w);
	return !x->done;
}

static void
count_one(const struct workload_item *w, struct host_counts *c)
{
	const enum report_status tier = w->stated ? w->tier : REPORT_NONE;

	c->seen++;
	c->silent += w->silent_entry != 0;
	for (unsigned i = 0; i < 4; i++)
		c->tier[i] += tier == tiers[i];
	if (w->stated && w->last_entry >= c->last_entry) {
		c->last_entry = w->last_entry;
		c->last_s = w->last_s;
	}
}

static json_t *
host_json(const struct answering *x, struct view collector, const struct host_counts *c)
{
	json_t *o = json_object();

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "collector", answering_text(collector));
	answering_set(o, "workloads", json_integer(c->seen));
	for (unsigned i = 0; i < 4; i++)
		answering_set(o, report_status_name(tiers[i]), json_integer(c->tier[i]));
	answering_set(o, "silent", json_integer(c->silent));
	answering_set(o, "last",
	    c->last_entry == 0 ? answering_null() : answering_moment(c->last_entry, c->last_s));
	return o;
}

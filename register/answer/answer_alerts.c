#include "register/alert/alert.h"
#include "register/alert/alerting.h"
#include "register/alert/peer.h"
#include "register/answer/resources.h"
#include "register/answer/workload_item.h"

static void list_alerts(struct answering *x, const struct peers *peers, uint64_t before);
static bool is_wanted(const struct answering *x, const struct alert *a);
static bool is_seen(const struct answering *x, const struct alert *a);
static json_t *alert_json(struct answering *x, const struct alert *a);
static void set_component(json_t *o, const struct alert *a);
static json_t *places_json(struct answering *x, const struct alert *a);
static json_t *digest_json(const struct digest *d, size_t size);
static json_t *name_json(const struct peer_group *group);

/* The newest first; a cursor counts how many there were before the last. */
void
answer_alerts(struct answering *x)
{
	uint64_t before, unused;

	while (answering_next_log(x, &before, &unused)) {
		struct alerting *alerts = x->log.log->alerts;
		const struct peers *peers = NULL;
		bool up_to_date = false;

		if (alerts != NULL)
			peers = alerting_take(alerts, x->log.number, &up_to_date);
		if (peers == NULL || !up_to_date)
			answering_refuse(x, 503, "not-ready",
			    "what does not fit is still being looked for; ask again in a while");
		else
			list_alerts(x, peers, before);
		if (alerts != NULL)
			alerting_give_back(alerts);
	}
}

/* `before`: of the cursor; 0: from the newest. */
static void
list_alerts(struct answering *x, const struct peers *peers, uint64_t before)
{
	uint64_t i = peers_alert_count(peers);

	for (i = before > 0 && before - 1 < i ? before - 1 : i; i > 0 && !x->done; i--) {
		const struct alert *a = peers_alert(peers, i - 1);

		if (is_wanted(x, a) && !answering_add(x, alert_json(x, a)))
			return;
		/* Of the next one; none before it is left where it is 1. */
		if (i > 1 && !answering_go_on(x, i, 0))
			return;
	}
}

static bool
is_wanted(const struct answering *x, const struct alert *a)
{
	const struct view kind = view_of_string(alert_kind_name(a->kind));

	if (!is_seen(x, a) || !answer_query_matches(&x->query, PARAMETER_CODE, kind))
		return false;
	for (size_t i = 0; i < a->place_count && i < ALERT_PLACES_MAX; i++)
		if (answer_query_matches(&x->query, PARAMETER_HOST, peer_collector(a->place[i])) &&
		    answer_query_matches(&x->query, PARAMETER_WORKLOAD, peer_workload(a->place[i])))
			return true;
	return false;
}

/* Who sees not all is told of what is about his alone. */
static bool
is_seen(const struct answering *x, const struct alert *a)
{
	if (x->scope->may_see == NULL)
		return true;
	for (size_t i = 0; i < a->place_count && i < ALERT_PLACES_MAX; i++)
		if (!answering_sees(x, peer_workload(a->place[i])))
			return false;
	return a->place_count <= ALERT_PLACES_MAX;
}

static json_t *
alert_json(struct answering *x, const struct alert *a)
{
	json_t *o = json_object();
	struct buf words = BUF_INIT;
	char id[ALERT_ID_SIZE + 1];

	alert_id(a, id);
	alert_words(a, &words);
	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "id", answering_words(id));
	answering_set(o, "code", answering_words(alert_kind_name(a->kind)));
	answering_set(o, "words", answering_text(buf_view(&words)));
	answering_set(o, "first", answering_moment(a->first_entry, a->first_s));
	answering_set(o, "last", answering_moment(a->last_entry, a->last_s));
	answering_set(o, "end",
	    a->end == ALERT_LASTS ? answering_null() : answering_moment(a->end_entry, a->end_s));
	answering_set(o, "why_ended",
	    a->end == ALERT_LASTS ? answering_null() : answering_words(alert_end_name(a->end)));
	answering_set(o, "group", a->group != NULL ? name_json(a->group) : answering_null());
	set_component(o, a);
	answering_set(o, "workloads", json_integer((json_int_t)a->place_count));
	answering_set(o, "named", places_json(x, a));
	buf_free(&words);
	return o;
}

static void
set_component(json_t *o, const struct alert *a)
{
	json_t *component;

	if (!alert_is_about_component(a->kind)) {
		answering_set(o, "component", answering_null());
		answering_set(o, "boot",
		    a->kind == ALERT_CLONE ? digest_json(&a->subject, BOOT_ID_SIZE)
					   : answering_null());
		return;
	}
	component = json_object();
	answering_set(component, "kind", answering_words(component_kind_name(a->component)));
	answering_set(component, "sha256", digest_json(&a->subject, DIGEST_SIZE));
	answering_set(component, "have_it", json_integer(a->holders));
	answering_set(component, "peers", json_integer(a->peers));
	answering_set(component, "usual", digest_json(&a->usual, DIGEST_SIZE));
	answering_set(component, "have_usual", json_integer(a->usual_holders));
	answering_set(o, "component", component);
	answering_set(o, "boot", answering_null());
}

static json_t *
places_json(struct answering *x, const struct alert *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->place_count && i < ALERT_PLACES_MAX; i++) {
		const struct view collector = peer_collector(a->place[i]);
		const struct view workload = peer_workload(a->place[i]);
		json_t *o = json_object();

		answering_set(o, "collector", answering_text(collector));
		answering_set(o, "workload", answering_text(workload));
		answering_set(o, "link", workload_link(x, collector, workload));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
digest_json(const struct digest *d, size_t size)
{
	return answering_hex((struct view){d->bytes, size});
}

static json_t *
name_json(const struct peer_group *group)
{
	return answering_text(peer_group_name(group));
}

#include "register/decide/decider.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "proto/encoding.h"
#include "register/decide/decision_text.h"
#include "register/decide/wall.h"

/* Those by which one may ask about whatever there is. */
#define ASKING (ROLE_VIEWER | ROLE_OPERATOR | ROLE_AUDITOR | ROLE_LOCAL)

/* An alias of the configuration, with its answer. */
struct named {
	UT_hash_handle hh;
	const struct front_alias *alias;
	uint64_t logs; /* bits */
	enum decision_kind kind;
	uint64_t version; /* of the table, that the answer was made of; and when */
	uint64_t made_s, made_ms;
	bool made;
	struct buf head, body;
};

struct decider {
	const struct register_config *config;
	const struct decided_table *table;
	struct wall wall;
	struct named *by_name;
	struct named *all;
	uint64_t counts[DECISION_KINDS];
};

static uint64_t logs_of(const struct register_config *config, const struct front_alias *alias);
static void refresh(struct decider *d, struct named *n, const struct decision_terms *terms);
static struct decision of_members(
    struct decider *d, const struct front_alias *alias, const struct decision_terms *terms);
static bool same_subject(const struct front_member *a, const struct front_member *b);
static bool may_ask(const struct named *n, const struct decider *d, const struct caller *c);
static bool may_ask_about(const struct caller *c, struct view log, struct view workload);
static void answer_encoded(struct decider *d, const struct request *r, struct response *out);
static bool take_encoded(struct view *path, struct buf *to);
static int log_number(const struct decider *d, struct view name);

enum err
decider_new(
    const struct register_config *config, const struct decided_table *table, struct decider **out)
{
	struct decider *d = calloc(1, sizeof(*d));

	*out = d;
	if (d == NULL || (d->all = calloc(config->front.aliases + 1, sizeof(*d->all))) == NULL) {
		decider_free(out);
		return ERR_MEMORY;
	}
	d->config = config;
	d->table = table;
	for (size_t i = 0; i < config->front.aliases; i++) {
		struct named *n = &d->all[i];

		n->alias = &config->front.alias[i];
		n->logs = logs_of(config, n->alias);
		HASH_ADD_KEYPTR(
		    hh, d->by_name, n->alias->name, (unsigned)strlen(n->alias->name), n);
	}
	return ERR_OK;
}

void
decider_free(struct decider **dd)
{
	struct decider *d = *dd;

	*dd = NULL;
	if (d == NULL)
		return;
	HASH_CLEAR(hh, d->by_name);
	for (size_t i = 0; d->all != NULL && d->all[i].alias != NULL; i++) {
		buf_free(&d->all[i].head);
		buf_free(&d->all[i].body);
	}
	free(d->all);
	free(d);
}

void
decider_answer(void *context, const struct request *r, struct response *out)
{
	struct decider *d = context;
	const struct view name = r->parameter[0];
	struct decision_terms terms;
	struct named *n = NULL;

	HASH_FIND(hh, d->by_name, name.data, (unsigned)name.size, n);
	if (n == NULL) {
		answer_encoded(d, r, out);
		return;
	}
	if (!may_ask(n, d, r->caller)) {
		response_refuse(out, 403, "these are not your workloads");
		return;
	}
	terms = decider_terms(d);
	if (!n->made || n->version != decided_version(d->table) || n->made_s != terms.now_s ||
	    terms.boot_ms - n->made_ms >= 1000)
		refresh(d, n, &terms);
	d->counts[n->kind]++;
	out->status = decision_status(n->kind);
	if (buf_status(&n->head) != ERR_OK || buf_status(&n->body) != ERR_OK) {
		n->made = false;
		response_refuse(out, 503, "out of memory; ask again");
		return;
	}
	out->ready_head = buf_view(&n->head);
	out->ready_body = buf_view(&n->body);
}

void
decider_answer_ready(void *context, const struct request *r, struct response *out)
{
	struct decider *d = context;
	const struct decision_terms terms = decider_terms(d);

	(void)r;
	out->type = response_text;
	if (!terms.sure) {
		out->status = 503;
		buf_append_string(&out->body, "the clock was set, or a log is ahead of it\n");
	}
	for (unsigned log = 0; log < d->config->log_count; log++) {
		const struct decided_log *l = decided_log(d->table, log);
		const char *trouble = decision_log_trouble(&terms, log);

		if (trouble != NULL)
			out->status = 503;
		buf_append_format(&out->body, "%s: ", d->config->logs[log].name);
		buf_append_string(&out->body, trouble != NULL ? trouble : "good");
		buf_append_format(&out->body, "; checked to %llu, replayed to %llu\n",
		    (unsigned long long)l->checked, (unsigned long long)l->size);
	}
}

struct decision_terms
decider_terms(struct decider *d)
{
	struct timespec wall, boot;
	struct decision_terms t = {.table = d->table,
	    .behind_ms = (uint64_t)d->config->front.behind_s * 1000,
	    .warning_allowed = d->config->front.warning_allowed,
	    .logs = UINT64_MAX};
	uint64_t newest_s = 0;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	for (unsigned log = 0; log < decided_logs(d->table); log++)
		if (decided_log(d->table, log)->newest_s > newest_s)
			newest_s = decided_log(d->table, log)->newest_s;
	t.now_s = (uint64_t)wall.tv_sec;
	t.boot_ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000;
	t.sure = wall_look(
	    &d->wall, (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000, t.boot_ms, newest_s);
	return t;
}

uint64_t
decider_logs_of(const struct decider *d, const struct caller *c)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < d->config->log_count; i++)
		if (caller_may_see_log(c, view_of_string(d->config->logs[i].name)))
			bits |= UINT64_C(1) << i;
	return bits;
}

const uint64_t *
decider_counts(const struct decider *d)
{
	return d->counts;
}

const struct front_alias *
decider_alias(const struct decider *d, struct view name)
{
	struct named *n = NULL;

	HASH_FIND(hh, d->by_name, name.data, (unsigned)name.size, n);
	return n != NULL ? n->alias : NULL;
}

struct decision
decider_decide(
    struct decider *d, const struct front_alias *alias, const struct decision_terms *terms)
{
	struct decision_terms own = *terms;

	own.warning_allowed = alias->warning_allowed;
	own.logs = logs_of(d->config, alias);
	return alias->group != NULL
		   ? decision_of_group(&own, view_of_string(alias->group), alias->share_percent)
		   : of_members(d, alias, &own);
}

static uint64_t
logs_of(const struct register_config *config, const struct front_alias *alias)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < alias->members; i++)
		bits |= UINT64_C(1) << alias->member[i].log;
	for (size_t log = 0; alias->group != NULL && log < config->log_count; log++) {
		bool named = alias->logs.count == 0;

		for (size_t i = 0; i < alias->logs.count; i++)
			named = named || strcmp(alias->logs.name[i], config->logs[log].name) == 0;
		if (named)
			bits |= UINT64_C(1) << log;
	}
	return bits;
}

static void
refresh(struct decider *d, struct named *n, const struct decision_terms *terms)
{
	const struct decision decision = decider_decide(d, n->alias, terms);
	struct response r;

	n->kind = decision.kind;
	n->version = decided_version(d->table);
	n->made_s = terms->now_s;
	n->made_ms = terms->boot_ms;
	n->made = true;
	response_begin(&r, 200, NULL);
	decision_write(&decision, d->config, terms->now_s, &r);
	buf_clear(&n->head);
	buf_clear(&n->body);
	response_prepare(&r, &n->head);
	buf_append_view(&n->body, buf_view(&r.body));
	if (buf_status(&r.body) != ERR_OK || buf_status(&r.fields) != ERR_OK)
		n->made = false;
	response_free(&r);
}

/* Members of one workload are that in several logs; all the workloads have to be well. */
static struct decision
of_members(struct decider *d, const struct front_alias *alias, const struct decision_terms *terms)
{
	struct decision all = {.kind = DECISION_CANNOT, .why = "it has no members"};

	for (size_t i = 0; i < alias->members; i++) {
		const struct front_member *m = &alias->member[i];
		struct decision_terms own = *terms;
		struct decision one;
		bool before = false;

		own.logs = 0;
		for (size_t k = 0; k < alias->members; k++) {
			if (!same_subject(m, &alias->member[k]))
				continue;
			own.logs |= UINT64_C(1) << alias->member[k].log;
			before = before || k < i;
		}
		if (before)
			continue;
		one = decision_of(&own, decided_find(d->table, view_of_string(m->collector),
					    view_of_string(m->workload)));
		all = i == 0 ? one : decision_both(&all, &one);
	}
	return all;
}

static bool
same_subject(const struct front_member *a, const struct front_member *b)
{
	return strcmp(a->collector, b->collector) == 0 && strcmp(a->workload, b->workload) == 0;
}

/* About all members, or all of the group. */
static bool
may_ask(const struct named *n, const struct decider *d, const struct caller *c)
{
	for (size_t log = 0; n->alias->group != NULL && log < d->config->log_count; log++)
		if ((n->logs >> log & 1) != 0 &&
		    !caller_has_role(c, ASKING, view_of_string(d->config->logs[log].name)))
			return false;
	for (size_t i = 0; i < n->alias->members; i++) {
		const struct front_member *m = &n->alias->member[i];

		if (!may_ask_about(c, view_of_string(d->config->logs[m->log].name),
			view_of_string(m->workload)))
			return false;
	}
	return true;
}

/* Who comes by a listener that is open to this host has no name, and asks about all. */
static bool
may_ask_about(const struct caller *c, struct view log, struct view workload)
{
	return caller_may_see(c, log, workload) || caller_has_role(c, ASKING, log);
}

static void
answer_encoded(struct decider *d, const struct request *r, struct response *out)
{
	struct buf log = BUF_INIT, collector = BUF_INIT, workload = BUF_INIT;
	struct view rest = r->rest;
	struct decision_terms terms;
	struct decision decision;
	int number = -1;

	if (base64url_decode(r->parameter[0], &log) != ERR_OK || !take_encoded(&rest, &collector) ||
	    !take_encoded(&rest, &workload) || (number = log_number(d, buf_view(&log))) < 0) {
		d->counts[DECISION_UNKNOWN]++;
		response_refuse(out, 404,
		    "no alias of this name; nor a log, a collector and a workload in base64url");
	} else if (!may_ask_about(r->caller, buf_view(&log), buf_view(&workload))) {
		response_refuse(out, 403, "this is not your workload");
	} else {
		terms = decider_terms(d);
		terms.logs = UINT64_C(1) << number;
		decision = decision_of(
		    &terms, decided_find(d->table, buf_view(&collector), buf_view(&workload)));
		d->counts[decision.kind]++;
		decision_write(&decision, d->config, terms.now_s, out);
	}
	buf_free(&log);
	buf_free(&collector);
	buf_free(&workload);
}

static bool
take_encoded(struct view *path, struct buf *to)
{
	struct view segment;

	return request_target_segment(path, &segment) && segment.size > 0 &&
	       base64url_decode(segment, to) == ERR_OK;
}

static int
log_number(const struct decider *d, struct view name)
{
	for (size_t i = 0; i < d->config->log_count; i++)
		if (view_equal(name, view_of_string(d->config->logs[i].name)))
			return (int)i;
	return -1;
}

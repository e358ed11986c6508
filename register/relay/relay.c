#include "register/relay/relay.h"

#include <stdlib.h>

#include "register/relay/asking_rate.h"
#include "register/relay/relay_work.h"
#include "register/relay/signer_link.h"

struct relay {
	const struct register_config *config;
	const struct decided_table *table;
	const struct decider *decider;
	struct asking_rate rate;
	struct relay_counts counts;
};

static const struct register_log *find_log(const struct relay *r, struct view name);
static const struct register_log *only_log(const struct relay *r);
static bool resolve(struct relay *r, struct challenge_body *b, const struct register_log **log,
    struct response *out);
static bool take_alias(struct relay *r, struct challenge_body *b, struct response *out);
static bool is_known(
    const struct relay *r, const struct challenge_body *b, const struct register_log *log);
static bool may_go(
    struct relay *r, const struct request *q, const struct register_log *log, struct response *out);
static struct relay_work *begin(
    struct relay *r, const struct register_log *log, struct response *out);
static void give(struct relay_work *w, struct errand *errand);

enum err
relay_new(const struct register_config *config, const struct decided_table *table,
    const struct decider *decider, struct relay **out)
{
	struct relay *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return ERR_MEMORY;
	r->config = config;
	r->table = table;
	r->decider = decider;
	return ERR_OK;
}

void
relay_free(struct relay **r)
{
	free(*r);
	*r = NULL;
}

/* Whose it is comes before what there is: nobody learns names of others. */
void
relay_challenge(void *context, const struct request *q, struct response *out, struct errand *errand)
{
	static const unsigned roles = ROLE_OPERATOR | ROLE_RELYING_PARTY;
	struct relay *r = context;
	const struct register_log *log;
	struct challenge_body body;
	struct relay_work *w;
	const char *wrong = challenge_body_parse(q->body, &body);

	if (wrong != NULL) {
		response_refuse(out, 400, wrong);
	} else if (resolve(r, &body, &log, out)) {
		if (!caller_has_role_for(
			q->caller, roles, view_of_string(log->name), body.workload))
			response_refuse(out, 403, "this workload is not yours");
		else if (!is_known(r, &body, log))
			response_refuse(out, 404, "nothing is known of this workload in this log");
		else if (may_go(r, q, log, out) && (w = begin(r, log, out)) != NULL) {
			w->is_challenge = true;
			w->body = body;
			body = (struct challenge_body){.names = BUF_INIT}; /* moved */
			give(w, errand);
		}
	}
	challenge_body_free(&body);
}

void
relay_statement(void *context, const struct request *q, struct response *out, struct errand *errand)
{
	struct relay *r = context;
	const struct register_log *log =
	    q->parameters > 0 ? find_log(r, q->parameter[0]) : only_log(r);
	struct relay_work *w;

	if (log == NULL)
		response_refuse(out, 404,
		    q->parameters > 0 ? "no log of this name is followed"
				      : "several logs are followed: /v1/statements/LOG");
	else if (!caller_has_role(q->caller, ROLE_OPERATOR, view_of_string(log->name)))
		response_refuse(out, 403, "statements need an operator of this log");
	else if (q->body.size == 0 || q->body.size > MESSAGE_ENVELOPE_MAX)
		response_refuse(out, 400, "expected a statement in its envelope");
	else if (may_go(r, q, log, out) && (w = begin(r, log, out)) != NULL) {
		buf_append_view(&w->envelope, q->body);
		give(w, errand);
	}
}

void
relay_write_metrics(const struct relay *r, struct buf *to)
{
#define RELAY_WORD(identifier, word) word,
	static const char *const words[] = {RELAY_RESULT_MAP(RELAY_WORD)};
#undef RELAY_WORD
	static const char *const names[] = {"challenges", "statements"};
	static const char *const helps[] = {
	    "challenges brought to signers", "statements brought to signers"};

	for (unsigned i = 0; i < 2; i++) {
		buf_append_format(to,
		    "# HELP hallmark_register_%s_total %s\n"
		    "# TYPE hallmark_register_%s_total counter\n",
		    names[i], helps[i], names[i]);
		for (unsigned k = 0; k < RELAY_RESULTS; k++)
			buf_append_format(to, "hallmark_register_%s_total{result=\"%s\"} %llu\n",
			    names[i], words[k],
			    (unsigned long long)(i == 0 ? atomic_load(&r->counts.challenges[k])
							: atomic_load(&r->counts.statements[k])));
	}
}

static const struct register_log *
find_log(const struct relay *r, struct view name)
{
	for (size_t i = 0; i < r->config->log_count; i++)
		if (view_equal(name, view_of_string(r->config->logs[i].name)))
			return &r->config->logs[i];
	return NULL;
}

static const struct register_log *
only_log(const struct relay *r)
{
	return r->config->log_count == 1 ? &r->config->logs[0] : NULL;
}

static bool
resolve(struct relay *r, struct challenge_body *b, const struct register_log **log,
    struct response *out)
{
	if (b->alias.size > 0 && !take_alias(r, b, out))
		return false;
	if ((*log = find_log(r, b->log)) != NULL)
		return true;
	response_refuse(out, 404, "no log of this name is followed");
	return false;
}

/* Its names are the configuration's, and live as long. */
static bool
take_alias(struct relay *r, struct challenge_body *b, struct response *out)
{
	const struct front_alias *alias = decider_alias(r->decider, b->alias);

	if (alias == NULL) {
		response_refuse(out, 404, "no alias of this name");
		return false;
	}
	if (alias->group != NULL || alias->members != 1) {
		response_refuse(out, 400,
		    "this alias stands for several workloads: name one by log, collector and "
		    "workload");
		return false;
	}
	b->log = view_of_string(r->config->logs[alias->member[0].log].name);
	b->collector = view_of_string(alias->member[0].collector);
	b->workload = view_of_string(alias->member[0].workload);
	return true;
}

/* While a log is not read to its end, whether there is one is its signer's to say. */
static bool
is_known(const struct relay *r, const struct challenge_body *b, const struct register_log *log)
{
	const unsigned number = (unsigned)(log - r->config->logs);
	const struct decided_log *state = decided_log(r->table, number);
	const struct decided_subject *s;

	if (!state->filled || !state->followed)
		return true;
	if ((s = decided_find(r->table, b->collector, b->workload)) == NULL)
		return false;
	for (const struct decided *d = decided_of(s); d != NULL; d = d->next)
		if (d->log == number)
			return true;
	return false;
}

static bool
may_go(
    struct relay *r, const struct request *q, const struct register_log *log, struct response *out)
{
	if (log->signer.host == NULL)
		response_refuse(
		    out, 501, "nothing is brought to this log's signer: register.yaml has none");
	else if (!asking_rate_take(&r->rate, q->caller->name, signer_link_now_ms()))
		response_refuse(out, 429, "too often; ask again in a second");
	else
		return true;
	return false;
}

static struct relay_work *
begin(struct relay *r, const struct register_log *log, struct response *out)
{
	struct relay_work *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		response_refuse(out, 503, "out of memory; ask again");
		return NULL;
	}
	w->log = log;
	w->counts = &r->counts;
	w->deadline_ms = signer_link_now_ms() + RELAY_WITHIN_MS;
	w->body.names = BUF_INIT;
	w->envelope = BUF_INIT;
	return w;
}

static void
give(struct relay_work *w, struct errand *errand)
{
	*errand = (struct errand){relay_work_run, relay_work_free, w};
}

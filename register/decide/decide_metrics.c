#include "register/decide/decide_metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "register/decide/decision_text.h"

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

static void head(struct buf *to, const char *name, const char *kind, const char *help);
static void plain(
    struct buf *to, const char *name, const char *kind, const char *help, uint64_t value);
static void write_logs(
    const struct decide_metrics *m, const struct decision_terms *terms, struct buf *to);
static void write_views(const struct decide_metrics *m, struct buf *to);
static void write_aliases(
    const struct decide_metrics *m, const struct decision_terms *terms, struct buf *to);
static void write_http(const struct decide_metrics *m, struct buf *to);

void
decide_metrics_answer(void *context, const struct request *r, struct response *out)
{
	const struct decide_metrics *m = context;
	const struct decision_terms terms = decider_terms(m->decider);
	const uint64_t *counts = decider_counts(m->decider);
	struct buf *to = &out->body;

	(void)r;
	out->type = metrics_type;
	write_logs(m, &terms, to);
	write_views(m, to);
	plain(to, "hallmark_register_clock_trusted", "gauge",
	    "whether the host's clock can be gone by", terms.sure);
	plain(to, "hallmark_register_workloads", "gauge", "workloads that are known",
	    decided_count(m->table));
	write_aliases(m, &terms, to);
	head(to, "hallmark_register_decisions_total", "counter", "decisions that were answered");
	for (unsigned kind = 0; kind < DECISION_KINDS; kind++)
		buf_append_format(to,
		    "hallmark_register_decisions_total{decision=\"%s\"} %" PRIu64 "\n",
		    decision_kind_name((enum decision_kind)kind), counts[kind]);
	if (m->write_more != NULL)
		m->write_more(m->more, to);
	if (m->server != NULL)
		write_http(m, to);
}

static uint64_t
is_good(const struct decided_log *l, const struct decision_terms *t)
{
	return decision_log_trouble(t, (unsigned)(l - decided_log(t->table, 0))) == NULL;
}

static uint64_t
is_in_alarm(const struct decided_log *l, const struct decision_terms *t)
{
	(void)t;
	return l->alarm;
}

static uint64_t
checked(const struct decided_log *l, const struct decision_terms *t)
{
	(void)t;
	return l->checked;
}

static uint64_t
replayed(const struct decided_log *l, const struct decision_terms *t)
{
	(void)t;
	return l->size;
}

static uint64_t
newest_s(const struct decided_log *l, const struct decision_terms *t)
{
	(void)t;
	return l->newest_s;
}

/* Of a log. */
static const struct gauge {
	const char *name, *help;
	uint64_t (*value)(const struct decided_log *l, const struct decision_terms *t);
} gauges[] = {
    {"good", "whether the log can be decided by", is_good},
    {"alarm", "whether the log is in alarm", is_in_alarm},
    {"checked_size", "entries whose leaf and place were checked", checked},
    {"replayed_size", "entries whose verdicts were made again", replayed},
    {"newest_timestamp_seconds", "iat of the newest entry", newest_s},
};

static void
head(struct buf *to, const char *name, const char *kind, const char *help)
{
	buf_append_format(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void
plain(struct buf *to, const char *name, const char *kind, const char *help, uint64_t value)
{
	head(to, name, kind, help);
	buf_append_format(to, "%s %" PRIu64 "\n", name, value);
}

static void
write_logs(const struct decide_metrics *m, const struct decision_terms *terms, struct buf *to)
{
	char name[64];

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		(void)snprintf(name, sizeof(name), "hallmark_register_log_%s", gauges[i].name);
		head(to, name, "gauge", gauges[i].help);
		for (unsigned log = 0; log < m->config->log_count; log++)
			buf_append_format(to, "%s{log=\"%s\"} %" PRIu64 "\n", name,
			    m->config->logs[log].name,
			    gauges[i].value(decided_log(m->table, log), terms));
	}
}

static void
write_views(const struct decide_metrics *m, struct buf *to)
{
	static const char name[] = "hallmark_register_view_writer_failed";

	head(to, name, "gauge", "whether the log's view cannot be written any more");
	for (unsigned log = 0; log < m->config->log_count; log++)
		buf_append_format(to, "%s{log=\"%s\"} %d\n", name, m->config->logs[log].name,
		    m->view_failed(m->views, log));
}

/* Names of aliases need no escaping: a to z, 0 to 9 and "-". */
static void
write_aliases(const struct decide_metrics *m, const struct decision_terms *terms, struct buf *to)
{
	if (m->config->front.aliases == 0)
		return;
	head(to, "hallmark_register_alias_allowed", "gauge",
	    "whether the alias is answered by 200 now");
	for (size_t i = 0; i < m->config->front.aliases; i++) {
		const struct front_alias *alias = &m->config->front.alias[i];
		const struct decision d = decider_decide(m->decider, alias, terms);

		buf_append_format(to, "hallmark_register_alias_allowed{alias=\"%s\"} %d\n",
		    alias->name, d.kind == DECISION_ALLOW);
	}
}

static void
write_http(const struct decide_metrics *m, struct buf *to)
{
	struct http_counts c;

	http_server_counts(m->server, &c);
	plain(to, "hallmark_register_http_connections", "gauge", "open connections", c.open);
	plain(
	    to, "hallmark_register_http_streams", "gauge", "of them, streams of events", c.streams);
	plain(to, "hallmark_register_http_accepted_total", "counter", "connections accepted",
	    c.accepted);
	plain(to, "hallmark_register_http_crowded_out_total", "counter",
	    "connections that made way at the limit", c.crowded_out);
	plain(to, "hallmark_register_http_timed_out_total", "counter",
	    "connections that were too slow in the middle of something", c.timed_out);
	plain(to, "hallmark_register_http_handshakes_failed_total", "counter",
	    "TLS handshakes that failed", c.handshakes_failed);
	plain(to, "hallmark_register_http_refused_total", "counter",
	    "requests that could not be read", c.refused);
	head(to, "hallmark_register_http_answers_total", "counter", "answers, by status");
	for (unsigned class = 2; class < 6; class ++)
		buf_append_format(to,
		    "hallmark_register_http_answers_total{status=\"%uxx\"} %" PRIu64 "\n", class,
		    c.answered[class]);
}

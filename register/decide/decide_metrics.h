/*
 * /metrics: the text format of Prometheus 0.0.4. doc/outputs.md lists what is there.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDE_METRICS_H
#define HALLMARK_REGISTER_DECIDE_DECIDE_METRICS_H

#include "register/decide/decider.h"
#include "register/front/http_server.h"

/* Borrowed; `server` is set once it is there. */
struct decide_metrics {
	const struct register_config *config;
	const struct decided_table *table;
	struct decider *decider;
	const struct http_server *server;
	/* Whether what is answered of a log is not brought up to date any more. */
	bool (*view_failed)(const void *views, unsigned log);
	const void *views;
	/* Appends the lines of another part; NULL: there is none. */
	void (*write_more)(void *context, struct buf *to);
	void *more;
};

/* A route_handler; the context is a struct decide_metrics. */
void decide_metrics_answer(void *context, const struct request *r, struct response *out);

#endif

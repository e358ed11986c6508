#include "register/serving.h"

#include <stdlib.h>

#include "proto/wire/message.h"
#include "register/decide/admission.h"
#include "register/decide/decide_metrics.h"
#include "register/decide/decide_queue.h"
#include "register/decide/decider.h"
#include "register/discovery/discovery.h"
#include "register/filling.h"
#include "register/front/health.h"
#include "register/front/http_server.h"
#include "register/pages/pages.h"
#include "register/publish/published.h"
#include "register/relay/challenge_body.h"
#include "register/relay/relay.h"
#include "register/tell/event_stream.h"
#include "register/witness/stamps_answer.h"
#include "register/witness/witness_answer.h"

/* Rows of the table of routes. */
#define ROUTES_MAX 40

#define SEEING (ROLE_VIEWER | ROLE_OPERATOR | ROLE_AUDITOR)

struct serving {
	const struct register_config *config;
	struct decided_table *table;
	struct decide_queue *queue;
	struct decider *decider;
	struct relay *relay;
	struct decide_metrics metrics;
	struct event_stream *events;
	struct serving_parts parts;
	struct discovery discovery;
	struct pages pages;
	struct http_server *server;
	struct http_listen listen[FRONT_LISTENERS_MAX];
	struct http_tls_files tls[FRONT_LISTENERS_MAX];
	struct grant *grants;
	struct route routes[ROUTES_MAX];
	size_t route_count;
};

static enum err open_all(struct serving *s, uv_loop_t *loop, struct faults *faults);
static void add_routes(struct serving *s);
static void add_discovery(struct serving *s);
static void add_witness(struct serving *s);
static void add_admission(struct serving *s);
static void add_stamps(struct serving *s);
static void add_relay(struct serving *s);
static void answer_metrics(void *context, const struct request *r, struct response *out);
static void add_published(struct serving *s);
static enum err add_pages(struct serving *s);
static void add_route(struct serving *s, const struct route *route);
static void take_listeners(struct serving *s);
static void take_grants(struct serving *s);
static unsigned role_of(enum front_role role);
static bool view_failed(const void *views, unsigned log);
static void on_closed(void *context);

enum err
serving_open(uv_loop_t *loop, const struct register_config *config,
    const struct serving_parts *parts, struct faults *faults, struct serving **out)
{
	struct serving *s;
	enum err e;

	*out = NULL;
	if (config->front.listens == 0)
		return ERR_OK;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_MEMORY;
	s->config = config;
	s->parts = *parts;
	if ((e = open_all(s, loop, faults)) != ERR_OK) {
		serving_close(s);
		(void)uv_run(loop, UV_RUN_NOWAIT); /* lets go of what is closed */
		serving_free(&s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

struct followed_listener
serving_listener(struct serving *s)
{
	return decide_queue_listener(s->queue);
}

void
serving_wake(void *serving)
{
	struct serving *s = serving;

	event_stream_wake(s->events);
}

void
serving_close(struct serving *s)
{
	if (s == NULL)
		return;
	if (s->queue != NULL)
		decide_queue_close(s->queue);
	event_stream_close(s->events);
	s->events = NULL;
	if (s->server != NULL)
		http_server_close(s->server, on_closed, s);
}

void
serving_free(struct serving **ss)
{
	struct serving *s = *ss;

	*ss = NULL;
	if (s == NULL)
		return;
	relay_free(&s->relay);
	decider_free(&s->decider);
	decide_queue_free(&s->queue);
	decided_free(&s->table);
	free(s->grants);
	free(s);
}

static enum err
open_all(struct serving *s, uv_loop_t *loop, struct faults *faults)
{
	struct http_settings settings = {.listen = s->listen,
	    .listens = s->config->front.listens,
	    .grant_count = s->config->front.grants,
	    .routes = s->routes,
	    .connections_max = s->config->front.connections};
	enum err e;

	if ((s->grants = calloc(s->config->front.grants + 1, sizeof(*s->grants))) == NULL)
		return ERR_MEMORY;
	if ((e = decided_new(s->config->log_count, &s->table)) != ERR_OK ||
	    (e = decide_queue_open(loop, s->table, &s->queue)) != ERR_OK ||
	    (e = decider_new(s->config, s->table, &s->decider)) != ERR_OK ||
	    (e = relay_new(s->config, s->table, s->decider, &s->relay)) != ERR_OK ||
	    (e = event_stream_open(loop, s->config->state_directory, &s->events)) != ERR_OK)
		return e;
	for (unsigned log = 0; log < s->config->log_count; log++)
		filling_read(s->config, log, s->table);
	take_listeners(s);
	take_grants(s);
	add_routes(s);
	if ((e = add_pages(s)) != ERR_OK)
		return e;
	settings.grants = s->grants;
	settings.route_count = s->route_count;
	e = http_server_open(loop, &settings, faults, &s->server);
	s->metrics = (struct decide_metrics){s->config, s->table, s->decider, s->server,
	    view_failed, s->parts.views, s->parts.stamps != NULL ? stamps_write_metrics : NULL,
	    s->parts.stamps};
	return e;
}

static void
add_routes(struct serving *s)
{
	const struct route decision = {.pattern = "/v1/decision/{}/**",
	    .methods = ROUTE_ANY,
	    .roles = SEEING | ROLE_RELYING_PARTY | ROLE_LOCAL,
	    .body_max = 65536, /* of the request that is asked about: passed over */
	    .handler = decider_answer,
	    .context = s->decider};
	const struct route ready = {.pattern = "/readyz",
	    .methods = ROUTE_GET,
	    .handler = decider_answer_ready,
	    .context = s->decider};

	const struct route metrics = {.pattern = "/metrics",
	    .methods = ROUTE_GET,
	    .roles = SEEING | ROLE_LOCAL,
	    .handler = answer_metrics,
	    .context = s};

	const struct route events = {.pattern = "/v1/events",
	    .methods = ROUTE_GET,
	    .roles = SEEING | ROLE_RELYING_PARTY,
	    .stream = event_stream_answer,
	    .context = s->events};

	const struct route views = views_route(s->parts.views);

	add_route(s, &decision);
	add_admission(s);
	add_relay(s);
	add_route(s, &events);
	if (s->config->discovery.issuer != NULL)
		add_discovery(s);
	if (s->parts.witness != NULL)
		add_witness(s);
	if (s->parts.stamps != NULL)
		add_stamps(s);
	add_route(s, &views); /* behind all others of /v1/ */
	add_route(s, &health_route);
	add_route(s, &ready);
	add_route(s, &metrics);
	add_published(s);
}

/* Public, as the keys are. */
static void
add_discovery(struct serving *s)
{
	const struct route about = {.pattern = "/.well-known/openid-configuration",
	    .methods = ROUTE_GET,
	    .threaded = true,
	    .handler = discovery_answer,
	    .context = &s->discovery};
	const struct route keys = {.pattern = "/jwks",
	    .methods = ROUTE_GET,
	    .threaded = true,
	    .handler = discovery_answer_keys,
	    .context = &s->discovery};

	s->discovery = (struct discovery){s->config->discovery.issuer, s->config->discovery.keys};
	add_route(s, &about);
	add_route(s, &keys);
}

static void
add_witness(struct serving *s)
{
	const struct route witness = {.pattern = "/v1/witness",
	    .methods = ROUTE_GET,
	    .roles = SEEING | ROLE_RELYING_PARTY | ROLE_LOCAL,
	    .threaded = true,
	    .handler = witness_answer_key,
	    .context = s->parts.witness};
	const struct route cosigned = {.pattern = "/v1/cosigned/{}",
	    .methods = ROUTE_GET,
	    .roles = SEEING | ROLE_RELYING_PARTY | ROLE_LOCAL,
	    .threaded = true,
	    .handler = witness_answer_cosigned,
	    .context = s->parts.witness};

	add_route(s, &witness);
	add_route(s, &cosigned);
}

static void
add_admission(struct serving *s)
{
	static const char *const patterns[] = {"/v1/admission", "/v1/admission/{}"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct route route = {.pattern = patterns[i],
		    .methods = ROUTE_POST,
		    .roles = SEEING | ROLE_RELYING_PARTY | ROLE_LOCAL,
		    .body_max = ADMISSION_SIZE_MAX,
		    .handler = admission_answer,
		    .context = s->decider};

		add_route(s, &route);
	}
}

static void
add_stamps(struct serving *s)
{
	static const struct {
		const char *pattern;
		route_handler *handler;
	} rows[] = {
	    {"/v1/timestamps/{}/checkpoint", stamps_answer_checkpoint},
	    {"/v1/timestamps/{}/reply", stamps_answer_reply},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct route route = {.pattern = rows[i].pattern,
		    .methods = ROUTE_GET,
		    .roles = SEEING | ROLE_RELYING_PARTY | ROLE_LOCAL,
		    .threaded = true,
		    .handler = rows[i].handler,
		    .context = s->parts.stamps};

		add_route(s, &route);
	}
}

static void
add_relay(struct serving *s)
{
	const struct route challenge = {.pattern = "/v1/challenge",
	    .methods = ROUTE_POST,
	    .roles = ROLE_OPERATOR | ROLE_RELYING_PARTY,
	    .body_max = CHALLENGE_BODY_MAX,
	    .errand = relay_challenge,
	    .context = s->relay};
	struct route statement = {.pattern = "/v1/statements",
	    .methods = ROUTE_POST,
	    .roles = ROLE_OPERATOR,
	    .body_max = MESSAGE_ENVELOPE_MAX,
	    .errand = relay_statement,
	    .context = s->relay};

	add_route(s, &challenge);
	add_route(s, &statement);
	statement.pattern = "/v1/statements/{}";
	add_route(s, &statement);
}

static void
answer_metrics(void *context, const struct request *r, struct response *out)
{
	struct serving *s = context;

	decide_metrics_answer(&s->metrics, r, out);
	relay_write_metrics(s->relay, &out->body);
}

static void
add_published(struct serving *s)
{
	static const struct {
		const char *pattern;
		route_handler *handler;
		unsigned roles;
	} rows[] = {
	    {"/checkpoint", published_checkpoint, SEEING | ROLE_RELYING_PARTY},
	    {"/logs/{}/checkpoint", published_checkpoint, SEEING | ROLE_RELYING_PARTY},
	    {"/tile/**", published_tile, ROLE_AUDITOR},
	    {"/logs/{}/tile/**", published_tile, ROLE_AUDITOR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct route route = {.pattern = rows[i].pattern,
		    .methods = ROUTE_GET,
		    .roles = rows[i].roles,
		    .threaded = true,
		    .handler = rows[i].handler,
		    .context = (void *)(uintptr_t)s->config};

		add_route(s, &route);
	}
}

static enum err
add_pages(struct serving *s)
{
	struct route routes[PAGES_ROUTES];
	const enum err e = pages_begin(&s->pages, routes);

	for (size_t i = 0; i < PAGES_ROUTES; i++)
		add_route(s, &routes[i]);
	return e;
}

static void
add_route(struct serving *s, const struct route *route)
{
	if (s->route_count == ROUTES_MAX)
		abort();
	s->routes[s->route_count++] = *route;
}

static void
take_listeners(struct serving *s)
{
	for (size_t i = 0; i < s->config->front.listens; i++) {
		const struct front_listen *from = &s->config->front.listen[i];

		s->tls[i] = (struct http_tls_files){
		    from->certificate, from->key, from->client_ca, from->client_crl};
		s->listen[i] = (struct http_listen){.address = from->address,
		    .socket = from->socket,
		    .group = from->group,
		    .tls = from->certificate != NULL ? &s->tls[i] : NULL,
		    .roles = from->has_role ? role_of(from->role) : 0};
	}
}

static void
take_grants(struct serving *s)
{
	for (size_t i = 0; i < s->config->front.grants; i++) {
		const struct front_grant *from = &s->config->front.grant[i];

		s->grants[i] = (struct grant){.name = from->name,
		    .roles = role_of(from->role),
		    .workload = from->workloads.name,
		    .workloads = from->workloads.count,
		    .log = from->logs.name,
		    .logs = from->logs.count};
	}
}

static unsigned
role_of(enum front_role role)
{
	static const unsigned roles[FRONT_ROLE_COUNT] = {[FRONT_VIEWER] = ROLE_VIEWER,
	    [FRONT_OPERATOR] = ROLE_OPERATOR,
	    [FRONT_AUDITOR] = ROLE_AUDITOR,
	    [FRONT_RELYING_PARTY] = ROLE_RELYING_PARTY};

	return roles[role];
}

static bool
view_failed(const void *views, unsigned log)
{
	return views_failed(views, log);
}

static void
on_closed(void *context)
{
	struct serving *s = context;

	s->server = NULL;
	s->metrics.server = NULL;
}

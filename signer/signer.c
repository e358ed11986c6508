#include "signer/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signer/conn.h"
#include "signer/diskfile.h"
#include "signer/index.h"
#include "signer/listener.h"
#include "signer/logger.h"
#include "signer/sandbox.h"
#include "signer/service.h"
#include "signer/session.h"
#include "signer/status.h"
#include "signer/tls.h"

/* Deadlines are checked this often; each may be late by as much. */
#define TICK_MS 250

/* A stop takes at most this long: receipts in flight get their time, a dead token does not. */
#define STOP_DEADLINE_MS 9000

struct signer {
	uv_loop_t loop;
	const char *config_path;
	struct service service;
	struct log_index *index;
	struct conn_pool pool;
	struct listener listener;
	struct status_server status;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_timer_t tick;
	uv_timer_t stop_deadline;
	uv_signal_t signals[3];
	uint64_t woke_ms; /* when this turn's events came, by the loop's clock; 0: not yet */
	bool stopping;
	bool closing;
	int exit_status;
};

static const int signal_numbers[3] = {SIGTERM, SIGINT, SIGHUP};

/* What a reload replaces, and what a start begins with. */
struct loaded {
	struct signer_config *config;
	struct policy *policy;
	SSL_CTX *tls;
};

static bool load(const char *path, struct loaded *out, struct faults *faults);
static void loaded_free(struct loaded *l);
static enum err start(struct signer *s, struct loaded *l);
static void start_handles(struct signer *s);
static enum err store_policy(struct signer *s);
static void set_timeouts(struct signer *s);
static void reload(struct signer *s);
static bool reload_allowed(
    const struct signer_config *old, const struct signer_config *new, struct faults *faults);
static void stop(struct signer *s, int exit_status);
static void close_all(struct signer *s);
static void on_turn(struct signer *s);
static void measure_gap(struct signer *s);
static void on_prepare(uv_prepare_t *handle);
static void on_check(uv_check_t *handle);
static void on_tick(uv_timer_t *handle);
static void on_stop_deadline(uv_timer_t *handle);
static void on_signal(uv_signal_t *handle, int number);
static void on_ready(void *context);
static void on_room(void *context);
static void on_fatal(void *context);
static void on_drained(void *context);
static void on_connection_closed(void *context);
static void on_ledger_closed(void *context);

int
signer_run(const char *config_path)
{
	struct signer *s = calloc(1, sizeof(*s));
	struct faults faults = FAULTS_INIT;
	struct loaded loaded;
	int status;

	if (s == NULL)
		return 1;
	if (err_count() > COUNTER_REFUSALS_MAX)
		abort();
	signal(SIGPIPE, SIG_IGN);
	if (!load(config_path, &loaded, &faults)) {
		faults_print(&faults, stderr);
		faults_free(&faults);
		free(s);
		return 1;
	}
	s->config_path = config_path;
	uv_loop_init(&s->loop);
	if (start(s, &loaded) != ERR_OK) {
		/* Nothing has been acknowledged, and the reason has been logged. */
		exit(1);
	}
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	status = s->exit_status;
	conn_pool_free(&s->pool);
	evidence_close(&s->service.evidence);
	workload_table_free(&s->service.workloads);
	index_close(&s->index);
	nonce_source_free(&s->service.nonces);
	message_decoder_free(&s->service.decoder);
	buf_free(&s->service.scratch);
	policy_free(&s->service.policy);
	signer_config_free((struct signer_config **)&s->service.config);
	faults_free(&faults);
	free(s);
	return status;
}

int
signer_check(const char *config_path)
{
	struct faults faults = FAULTS_INIT;
	struct loaded loaded;
	bool good = load(config_path, &loaded, &faults);

	if (good) {
		printf("%s: good\n", config_path);
		printf("  log     %s\n", loaded.config->log_origin);
		printf("  policy  %.*s\n", (int)policy_id(loaded.policy).size,
		    (const char *)policy_id(loaded.policy).data);
		loaded_free(&loaded);
	}
	faults_print(&faults, stderr);
	faults_free(&faults);
	return good ? 0 : 1;
}

/* All or nothing. Goes on after a fault, to find the others too. */
static bool
load(const char *path, struct loaded *out, struct faults *faults)
{
	bool good = true;

	memset(out, 0, sizeof(*out));
	if (signer_config_load(path, faults, &out->config) != ERR_OK)
		return false;
	good = policy_load(out->config->policy_file, faults, &out->policy) == ERR_OK;
	good = tls_context_new(out->config, faults, &out->tls) == ERR_OK && good;
	if (!good)
		loaded_free(out);
	return good;
}

static void
loaded_free(struct loaded *l)
{
	signer_config_free(&l->config);
	policy_free(&l->policy);
	SSL_CTX_free(l->tls);
	l->tls = NULL;
}

static enum err
start(struct signer *s, struct loaded *l)
{
	struct ledger_events events = {.ready = on_ready,
	    .receipt = session_on_receipt,
	    .waiter_gone = session_is_gone,
	    .waiter_release = session_release,
	    .room = on_room,
	    .fatal = on_fatal,
	    .context = s};
	struct service *service = &s->service;
	enum err e;

	logger_use_json(l->config->logging_json);
	service->config = l->config;
	service->policy = l->policy;
	service->policy_generation = 1;
	service->scratch = BUF_INIT;
	service->nonces = nonce_source_new();
	service->workloads = workload_table_new();
	service->decoder = message_decoder_new();
	if (service->nonces == NULL || service->workloads == NULL || service->decoder == NULL)
		return ERR_MEMORY;
	service_now_s(service);
	if ((e = conn_pool_init(&s->pool, &s->loop, service, l->tls)) != ERR_OK)
		return e;
	s->pool.closed = on_connection_closed;
	s->pool.closed_context = s;
	set_timeouts(s);
	if ((e = index_open(l->config->index_file, &s->index)) != ERR_OK ||
	    (e = evidence_open(l->config->evidence_directory, s->index, &service->evidence)) !=
		ERR_OK)
		return e;
	sandbox_enter();
	if ((e = ledger_open(&s->loop, l->config, s->index, service->evidence, service->workloads,
		 &service->counters, &events, &service->ledger)) != ERR_OK)
		return e;
	if ((e = status_open(&s->status, &s->loop, l->config->status_socket, service, &s->pool)) !=
	    ERR_OK)
		return e;
	start_handles(s);
	return store_policy(s);
}

static void
start_handles(struct signer *s)
{
	uv_prepare_init(&s->loop, &s->prepare);
	uv_check_init(&s->loop, &s->check);
	uv_timer_init(&s->loop, &s->tick);
	uv_timer_init(&s->loop, &s->stop_deadline);
	s->prepare.data = s;
	s->check.data = s;
	s->tick.data = s;
	s->stop_deadline.data = s;
	uv_prepare_start(&s->prepare, on_prepare);
	uv_check_start(&s->check, on_check);
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	for (unsigned i = 0; i < 3; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]);
	}
}

/* Policy and reference sets become evidence before the first report that names them. */
static enum err
store_policy(struct signer *s)
{
	const struct policy *p = s->service.policy;
	struct evidence_item *item;
	enum err e = ERR_OK;

	for (size_t i = 0; i < policy_object_count(p) && e == ERR_OK; i++) {
		const struct policy_object *object = policy_object_at(p, i);

		e = evidence_add(s->service.evidence, object->kind, object->content,
		    &object->digest, ledger_evidence(s->service.ledger), &item);
	}
	return e;
}

static void
set_timeouts(struct signer *s)
{
	const struct signer_config *c = s->service.config;
	uint64_t *timeout = s->pool.deadlines.timeout_ms;

	timeout[DEADLINE_HANDSHAKE] = c->limits.handshake_timeout_ms;
	timeout[DEADLINE_FRAME] = c->limits.frame_timeout_ms;
	timeout[DEADLINE_READER] = c->limits.frame_timeout_ms;
	timeout[DEADLINE_IDLE] = c->limits.idle_timeout_s * 1000ULL;
}

static void
reload(struct signer *s)
{
	struct service *service = &s->service;
	struct faults faults = FAULTS_INIT;
	struct loaded loaded, old;

	if (!load(s->config_path, &loaded, &faults) ||
	    !reload_allowed(service->config, loaded.config, &faults)) {
		service->counters.reloads_refused++;
		for (size_t i = 0; i < faults.count; i++)
			logger_say(LOGGER_ERROR, "reload-refused", "%s:%u: %s",
			    faults.fault[i].file, faults.fault[i].line, faults.fault[i].text);
		faults_free(&faults);
		loaded_free(&loaded);
		return;
	}
	old =
	    (struct loaded){(struct signer_config *)service->config, service->policy, s->pool.tls};
	service->policy = loaded.policy;
	service->policy_generation++;
	s->pool.tls = loaded.tls;
	if (store_policy(s) != ERR_OK)
		abort(); /* a report would name a policy that nobody can read again */
	service->config = loaded.config;
	ledger_reconfigure(service->ledger, loaded.config);
	set_timeouts(s);
	logger_use_json(loaded.config->logging_json);
	signer_config_free(&old.config);
	service->counters.reloads++;
	policy_free(&old.policy);
	SSL_CTX_free(old.tls);
	faults_free(&faults);
	logger_say(LOGGER_INFO, "reloaded", "%s", s->config_path);
}

/* What a running signer cannot change: where it listens, and where its log and its key are. */
static bool
reload_allowed(
    const struct signer_config *old, const struct signer_config *new, struct faults *faults)
{
	const struct {
		const char *key, *old, *new;
	} fixed[] = {
	    {"listen", old->listen_host, new->listen_host},
	    {"log.origin", old->log_origin, new->log_origin},
	    {"log.directory", old->log_directory, new->log_directory},
	    {"evidence.directory", old->evidence_directory, new->evidence_directory},
	    {"index", old->index_file, new->index_file},
	    {"status.socket", old->status_socket, new->status_socket},
	};
	size_t before = faults->count;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].old, fixed[i].new) != 0)
			faults_add(faults, "reload", 0,
			    "%s: expected %s as at the start, found %s; restart the signer to "
			    "change it",
			    fixed[i].key, fixed[i].old, fixed[i].new);
	if (old->listen_port != new->listen_port)
		faults_add(faults, "reload", 0,
		    "listen: expected port %u as at the start, found %u; restart the signer to "
		    "change it",
		    old->listen_port, new->listen_port);
	return faults->count == before;
}

/* Once: takes nothing more, and ends when all is answered and published. */
static void
stop(struct signer *s, int exit_status)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->exit_status = exit_status;
	s->service.stopping = true;
	logger_say(LOGGER_INFO, "stopping", "no more bundles are taken");
	listener_close(&s->listener);
	uv_timer_start(&s->stop_deadline, on_stop_deadline, STOP_DEADLINE_MS, 0);
	ledger_drain(s->service.ledger, on_drained);
}

static void
close_all(struct signer *s)
{
	if (s->closing)
		return;
	s->closing = true;
	listener_close(&s->listener);
	conn_pool_close(&s->pool);
	status_close(&s->status);
	uv_close((uv_handle_t *)&s->prepare, NULL);
	uv_close((uv_handle_t *)&s->check, NULL);
	uv_close((uv_handle_t *)&s->tick, NULL);
	uv_close((uv_handle_t *)&s->stop_deadline, NULL);
	for (unsigned i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	ledger_close(&s->service.ledger, on_ledger_closed, s);
}

/* The end of a turn: what it brought in is committed, what it brought about is sent. */
static void
on_turn(struct signer *s)
{
	if (s->closing)
		return;
	ledger_turn(s->service.ledger);
	conn_pool_flush(&s->pool);
}

/*
 * From the return of the poll to the next one: so long had other events to wait. The loop reads its
 * clock, whole milliseconds, when a poll returns; a gap may so be a millisecond too large.
 */
static void
measure_gap(struct signer *s)
{
	uint64_t gap_us = uv_hrtime() / 1000 - s->woke_ms * 1000;
	struct counters *c = &s->service.counters;

	if (s->woke_ms != 0 && gap_us > c->loop_gap_max_us)
		c->loop_gap_max_us = gap_us;
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct signer *s = handle->data;

	on_turn(s);
	measure_gap(s);
}

static void
on_check(uv_check_t *handle)
{
	struct signer *s = handle->data;

	s->woke_ms = uv_now(&s->loop);
	on_turn(s);
}

static void
on_tick(uv_timer_t *handle)
{
	struct signer *s = handle->data;

	conn_pool_expire(&s->pool);
	listener_resume(&s->listener);
}

static void
on_stop_deadline(uv_timer_t *handle)
{
	struct signer *s = handle->data;

	logger_say(LOGGER_WARNING, "stop-deadline",
	    "some reports have no receipt yet; they are durable, and the next start seals them");
	close_all(s);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct signer *s = handle->data;

	if (number == SIGHUP)
		reload(s);
	else
		stop(s, 0);
}

static void
on_ready(void *context)
{
	struct signer *s = context;
	const struct signer_config *c = s->service.config;
	struct logline l;

	if (s->stopping)
		return;
	if (listener_open(&s->listener, &s->loop, c, &s->pool) != ERR_OK) {
		on_fatal(s);
		return;
	}
	logline_begin(&l, LOGGER_INFO, "listening");
	logline_string(&l, "host", c->listen_host);
	logline_number(&l, "port", c->listen_port);
	logline_string(&l, "log", c->log_origin);
	logline_view(&l, "policy", policy_id(s->service.policy));
	logline_end(&l);
}

static void
on_room(void *context)
{
	struct signer *s = context;

	conn_pool_resume(&s->pool);
}

/*
 * Something is wrong that recovery has to look at. Nothing is drained and nothing is sent: the
 * process ends here, as if it had been killed, and its successor reads the disk.
 */
static void
on_fatal(void *context)
{
	(void)context;
	logger_say(LOGGER_ERROR, "fatal", "nothing more is acknowledged; the signer ends");
	_exit(1);
}

static void
on_drained(void *context)
{
	struct signer *s = context;

	conn_pool_flush(&s->pool);
	close_all(s);
}

static void
on_connection_closed(void *context)
{
	struct signer *s = context;

	listener_resume(&s->listener);
}

static void
on_ledger_closed(void *context)
{
	struct signer *s = context;

	logger_say(LOGGER_INFO, "stopped", "exit status %d", s->exit_status);
}

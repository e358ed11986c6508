#include "signer/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/report/report.h"
#include "signer/ground/logger.h"

#define BACKLOG 16

struct answer {
	uv_pipe_t pipe;
	uv_write_t request;
	struct buf text;
};

static void on_connection(uv_stream_t *stream, int status);
static void on_written(uv_write_t *request, int status);
static void on_answer_closed(uv_handle_t *handle);
static void write_status(const struct status_server *s, struct buf *to);
static void write_known(struct buf *to, const char *name, uint64_t number, uint64_t unit);
static void write_latency(struct buf *to, const char *name, const struct latency *l, bool last);

enum err
status_open(struct status_server *s, uv_loop_t *loop, const char *path, struct service *service)
{
	struct stat st;
	mode_t old;
	int result;

	memset(s, 0, sizeof(*s));
	s->service = service;
	s->started_ms = uv_now(loop);
	uv_pipe_init(loop, &s->pipe, 0);
	s->pipe.data = s;
	s->open = true;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path); /* the log's lock says that nobody serves it */
	old = umask(0177);
	result = uv_pipe_bind(&s->pipe, path);
	umask(old);
	if (result == 0)
		result = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_connection);
	if (result == 0)
		return ERR_OK;
	logger_say(LOGGER_ERROR, "status-socket-failed", "%s: %s; %s", path, uv_strerror(result),
	    result == UV_EADDRINUSE ? "something that is no socket has this name: move it away"
				    : "the directory must exist and be writable");
	status_close(s);
	return ERR_IO;
}

void
status_close(struct status_server *s)
{
	if (!s->open)
		return;
	s->open = false;
	uv_close((uv_handle_t *)&s->pipe, NULL);
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct status_server *s = stream->data;
	struct answer *a;
	uv_buf_t bytes;

	if (status != 0 || (a = calloc(1, sizeof(*a))) == NULL)
		return;
	uv_pipe_init(stream->loop, &a->pipe, 0);
	a->pipe.data = a;
	a->request.data = a;
	a->text = BUF_INIT;
	write_status(s, &a->text);
	bytes = uv_buf_init((char *)a->text.data, (unsigned)a->text.size);
	if (uv_accept(stream, (uv_stream_t *)&a->pipe) != 0 || buf_status(&a->text) != ERR_OK ||
	    uv_write(&a->request, (uv_stream_t *)&a->pipe, &bytes, 1, on_written) != 0)
		uv_close((uv_handle_t *)&a->pipe, on_answer_closed);
}

static void
on_written(uv_write_t *request, int status)
{
	struct answer *a = request->data;

	(void)status; /* whoever asked has gone */
	uv_close((uv_handle_t *)&a->pipe, on_answer_closed);
}

static void
on_answer_closed(uv_handle_t *handle)
{
	struct answer *a = handle->data;

	buf_free(&a->text);
	free(a);
}

static void
write_status(const struct status_server *s, struct buf *to)
{
	struct counters all;
	const struct counters *c = &all;
	struct ledger_status l;
	const char *comma = "";

	counters_with_traffic(&s->service->counters, &s->service->traffic, &all);
	ledger_status(s->service->ledger, &l);
	buf_append_string(to, "{\"log\":");
	json_append_string(to, view_of_string(s->service->config->log_origin));
	buf_append_string(to, ",\"policy\":");
	json_append_string(to, policy_id(s->service->policy));
	buf_append_format(to, ",\"uptime_s\":%llu,\"pid\":%d",
	    (unsigned long long)(uv_now(s->pipe.loop) - s->started_ms) / 1000, (int)getpid());
	buf_append_format(to, ",\"log_size\":%llu,\"signed_size\":%llu,\"published_size\":%llu",
	    (unsigned long long)l.size, (unsigned long long)l.signed_size,
	    (unsigned long long)l.published_size);
	buf_append_format(to, ",\"in_flight\":%llu,\"connections\":%llu,\"workloads\":%zu",
	    (unsigned long long)l.in_flight,
	    (unsigned long long)traffic_connections(&s->service->traffic),
	    workload_count(s->service->workloads));
	buf_append_format(to, ",\"evidence\":%zu,\"evidence_receiving_bytes\":%llu",
	    evidence_count(s->service->evidence), (unsigned long long)s->service->evidence_bytes);
	buf_append_format(
	    to, ",\"evidence_unsynced_bytes\":%zu", evidence_held_bytes(s->service->evidence));
	buf_append_format(to, ",\"judgement_bytes\":%zu,\"batch_bytes\":%zu",
	    s->service->verdicts.bytes, l.batch_bytes);
	buf_append_format(
	    to, ",\"key_process\":\"%s\",\"key_process_pid\":%d", l.key_process, l.key_process_pid);
	buf_append_format(to, ",\"storage\":\"%s\"", s->service->storage.low ? "low" : "ok");
	write_known(to, "storage_free_mib", s->service->storage.free_bytes, 1024 * 1024);
	write_known(to, "signature_age_ms", l.signature_age_ms, 1);
	buf_append_format(to, ",\"loop_gap_max_us\":%llu",
	    (unsigned long long)traffic_loop_gap_max_us(&s->service->traffic));
	buf_append_string(to, ",\"counters\":{");
#define COUNTER_WRITE(field, name, help)                                                           \
	buf_append_format(to, "%s\"%s\":%llu", comma, name, (unsigned long long)c->field);         \
	comma = ",";
	COUNTER_MAP(COUNTER_WRITE)
#undef COUNTER_WRITE
	buf_append_string(to, "},\"refusals\":{");
	comma = "";
	for (unsigned i = 0; i < err_count(); i++) {
		if (c->refusals[i] == 0)
			continue;
		buf_append_format(to, "%s\"%s\":%llu", comma, err_name(err_at(i)),
		    (unsigned long long)c->refusals[i]);
		comma = ",";
	}
	buf_append_string(to, "},\"latency_us\":{");
	write_latency(to, "receipt", &c->receipt, false);
	write_latency(to, "storage", &c->storage, false);
	write_latency(to, "token", &c->token, true);
	buf_append_string(to, "}}\n");
}

/* UINT64_MAX stands for what is not known. */
static void
write_known(struct buf *to, const char *name, uint64_t number, uint64_t unit)
{
	if (number == UINT64_MAX)
		buf_append_format(to, ",\"%s\":null", name);
	else
		buf_append_format(to, ",\"%s\":%llu", name, (unsigned long long)(number / unit));
}

static void
write_latency(struct buf *to, const char *name, const struct latency *l, bool last)
{
	buf_append_format(to,
	    "\"%s\":{\"count\":%llu,\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,\"max\":%llu}%s", name,
	    (unsigned long long)l->count, (unsigned long long)latency_quantile_us(l, 0.5),
	    (unsigned long long)latency_quantile_us(l, 0.99),
	    (unsigned long long)latency_quantile_us(l, 0.999), (unsigned long long)l->max_us,
	    last ? "" : ",");
}

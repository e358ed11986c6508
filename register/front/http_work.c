#include "register/front/http_work.h"

#include <stdlib.h>

struct http_job {
	uv_work_t work;  /* of a handler */
	uv_async_t done; /* of an errand, with its thread */
	uv_thread_t thread;
	struct errand errand;
	struct http_server *server;
	struct http_conn *conn; /* NULL: it has ended */
	const struct route *route;
	http_answered *answered;
	struct caller caller;
	struct buf bytes; /* the request */
	struct request_head head;
	struct response response;
};

static void run(uv_work_t *work);
static bool start_errand(struct http_job *j);
static void run_errand(void *job);
static void on_errand_done(uv_async_t *done);
static void on_errand_closed(uv_handle_t *handle);
static void give(struct http_job *j);
static void errand_free(struct errand *e);
static bool understand(struct http_job *j, struct request *r);
static void on_done(uv_work_t *work, int status);
static void job_free(struct http_job *j);

bool
http_work_start(
    struct http_conn *c, const struct route *route, struct view bytes, http_answered *answered)
{
	struct errand errand = c->errand;
	struct http_job *j = NULL;

	c->errand = (struct errand){0}; /* moved */
	if (c->server->jobs >= HTTP_JOBS_MAX ||
	    (errand.run != NULL && c->server->errands >= HTTP_ERRANDS_MAX) ||
	    (j = calloc(1, sizeof(*j))) == NULL) {
		errand_free(&errand);
		return false;
	}
	j->server = c->server;
	j->conn = c;
	j->route = route;
	j->answered = answered;
	j->errand = errand;
	response_begin(&j->response, 200, NULL);
	buf_append_view(&j->bytes, bytes);
	if (buf_status(&j->bytes) != ERR_OK || caller_copy(&j->caller, &c->caller) != ERR_OK) {
		job_free(j);
		return false;
	}
	if (errand.run != NULL)
		return start_errand(j);
	if (uv_queue_work(c->server->loop, &j->work, run, on_done) != 0) {
		job_free(j);
		return false;
	}
	c->server->jobs++;
	c->job = j;
	return true;
}

/* The job goes when the loop has let go of its handle, also where there is no thread. */
static bool
start_errand(struct http_job *j)
{
	struct http_conn *c = j->conn;

	if (uv_async_init(c->server->loop, &j->done, on_errand_done) != 0) {
		job_free(j);
		return false;
	}
	j->done.data = j;
	c->server->jobs++;
	c->server->errands++;
	if (uv_thread_create(&j->thread, run_errand, j) != 0) {
		uv_close((uv_handle_t *)&j->done, on_errand_closed);
		return false;
	}
	c->job = j;
	return true;
}

void
http_work_abandon(struct http_conn *c)
{
	if (c->job != NULL)
		c->job->conn = NULL;
	c->job = NULL;
}

static void
run(uv_work_t *work)
{
	struct http_job *j = (struct http_job *)work;
	struct request r = {.head = &j->head, .caller = &j->caller, .decoded = BUF_INIT};

	if (understand(j, &r))
		j->route->handler(j->route->context, &r, &j->response);
	else
		response_refuse(&j->response, 503, "out of memory; ask again");
	request_free(&r);
}

static void
run_errand(void *job)
{
	struct http_job *j = job;
	struct request r = {.head = &j->head, .caller = &j->caller, .decoded = BUF_INIT};

	if (understand(j, &r))
		j->errand.run(j->errand.work, &j->response);
	else
		response_refuse(&j->response, 503, "out of memory; ask again");
	request_free(&r);
	(void)uv_async_send(&j->done);
}

/* Once more, of its own bytes: what the loop has found are views of others. */
static bool
understand(struct http_job *j, struct request *r)
{
	struct request_scan scan = {0};
	const struct route *route;
	char allow[ROUTE_ALLOW_SIZE];
	size_t size;

	if (request_scan(&scan, buf_view(&j->bytes), &size) != 0 || size == 0 ||
	    request_head_parse((struct view){j->bytes.data, size}, &j->head) != 0 ||
	    !request_target_parse(j->head.target, j->head.method, &r->target) ||
	    route_find(j->route, 1, r, &route, allow) != 0)
		return false;
	r->body = (struct view){j->bytes.data + size, j->bytes.size - size};
	return true;
}

static void
on_done(uv_work_t *work, int status)
{
	struct http_job *j = (struct http_job *)work;

	(void)status; /* nothing is cancelled */
	j->server->jobs--;
	give(j);
	job_free(j);
}

static void
on_errand_done(uv_async_t *done)
{
	struct http_job *j = done->data;

	(void)uv_thread_join(&j->thread); /* it ends now */
	give(j);
	uv_close((uv_handle_t *)&j->done, on_errand_closed);
}

static void
on_errand_closed(uv_handle_t *handle)
{
	struct http_job *j = handle->data;

	j->server->jobs--;
	j->server->errands--;
	job_free(j);
}

static void
give(struct http_job *j)
{
	struct http_conn *c = j->conn;

	if (c == NULL)
		return;
	c->job = NULL;
	j->conn = NULL;
	j->answered(c, &j->head, &j->response);
}

static void
errand_free(struct errand *e)
{
	if (e->free != NULL)
		e->free(e->work);
	*e = (struct errand){0};
}

static void
job_free(struct http_job *j)
{
	errand_free(&j->errand);
	response_free(&j->response);
	caller_free(&j->caller);
	buf_free(&j->bytes);
	free(j);
}

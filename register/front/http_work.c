#include "register/front/http_work.h"

#include <stdlib.h>

struct http_job {
	uv_work_t work;
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
static bool understand(struct http_job *j, struct request *r);
static void on_done(uv_work_t *work, int status);
static void job_free(struct http_job *j);

bool
http_work_start(
    struct http_conn *c, const struct route *route, struct view bytes, http_answered *answered)
{
	struct http_job *j;

	if (c->server->jobs >= HTTP_JOBS_MAX || (j = calloc(1, sizeof(*j))) == NULL)
		return false;
	j->server = c->server;
	j->conn = c;
	j->route = route;
	j->answered = answered;
	response_begin(&j->response, 200, NULL);
	buf_append_view(&j->bytes, bytes);
	if (buf_status(&j->bytes) != ERR_OK || caller_copy(&j->caller, &c->caller) != ERR_OK ||
	    uv_queue_work(c->server->loop, &j->work, run, on_done) != 0) {
		job_free(j);
		return false;
	}
	c->server->jobs++;
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
	struct http_conn *c = j->conn;

	(void)status; /* nothing is cancelled */
	j->server->jobs--;
	if (c != NULL) {
		c->job = NULL;
		j->answered(c, &j->head, &j->response);
	}
	job_free(j);
}

static void
job_free(struct http_job *j)
{
	response_free(&j->response);
	caller_free(&j->caller);
	buf_free(&j->bytes);
	free(j);
}

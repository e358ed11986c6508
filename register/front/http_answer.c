#include "register/front/http_answer.h"

#include <string.h>
#include <time.h>

#include "register/front/http_peer.h"

/*
 * Bytes of requests and answers that all connections together may hold: beyond it no body is
 * awaited. Admission requests have at most some MiB, and there are a few at a time.
 */
#define HELD_MAX (128UL * 1024 * 1024)

static unsigned understand(struct http_conn *c, struct view bytes, struct request_head *head,
    struct request *r, size_t *size);
static unsigned admit(const struct http_conn *c, const struct request *r, const struct route *route,
    const char **words);
static bool await_body(struct http_conn *c, const struct request *r, size_t whole, size_t there);
static enum http_taken answer(struct http_conn *c, const struct request *r,
    const struct route *route, struct response *response);
static const char *words_of(unsigned status);
static struct view date_of(struct http_server *s);

enum http_taken
http_answer_next(struct http_conn *c, struct view bytes, size_t *used, const struct route **route)
{
	struct request_head head;
	struct request r = {.head = &head, .caller = &c->caller, .decoded = BUF_INIT};
	struct response response;
	char allow[ROUTE_ALLOW_SIZE];
	enum http_taken taken = HTTP_TAKEN;
	const char *words = NULL;
	size_t size, whole;
	unsigned status;

	*used = 0;
	*route = NULL;
	if (bytes.size < c->need)
		return HTTP_TAKEN_MORE;
	if ((status = understand(c, bytes, &head, &r, &size)) != 0) {
		*used = bytes.size;
		http_answer_refuse(c, status, words_of(status));
		return HTTP_TAKEN_LAST;
	}
	if (size == 0)
		return HTTP_TAKEN_MORE;
	status = route_find(
	    c->server->settings.routes, c->server->settings.route_count, &r, route, allow);
	if (status == 0)
		status = admit(c, &r, *route, &words);
	whole = size + (size_t)(status == 0 ? head.length : 0);
	if (status == 0 && await_body(c, &r, whole, bytes.size)) {
		request_free(&r);
		return HTTP_TAKEN_MORE;
	}
	response_begin(&response, 200, NULL);
	*used = whole;
	if (status == 0) {
		r.body = (struct view){bytes.data + size, (size_t)head.length};
		taken = answer(c, &r, *route, &response);
	} else {
		response_refuse(&response, status, words != NULL ? words : words_of(status));
		if (status == 405)
			response_field(&response, "Allow", view_of_string(allow));
		/* A body that nobody wants is not waited for: where it ends is then not known. */
		taken = http_answer_write(c, &head, &response, head.length > 0) ? HTTP_TAKEN
										: HTTP_TAKEN_LAST;
	}
	response_free(&response);
	request_free(&r);
	c->need = 0;
	if (taken != HTTP_TAKEN_THREAD)
		memset(&c->scan, 0, sizeof(c->scan));
	return taken;
}

bool
http_answer_write(
    struct http_conn *c, const struct request_head *head, const struct response *r, bool close)
{
	struct http_server *s = c->server;
	const struct response_terms terms = {.date = date_of(s),
	    .head = head != NULL && view_equal(head->method, VIEW_LITERAL("HEAD")),
	    .close = close || head == NULL || !head->keep || s->closing || c->ended_reading,
	    .old = head != NULL && head->minor == 0};

	s->counts.answered[r->status / 100 % 6]++;
	response_write(r, &terms, &c->out);
	return !terms.close;
}

void
http_answer_refuse(struct http_conn *c, unsigned status, const char *words)
{
	struct response r;

	c->server->counts.refused++;
	http_peer_log(c, status, words);
	response_begin(&r, status, NULL);
	response_refuse(&r, status, words);
	(void)http_answer_write(c, NULL, &r, true);
	response_free(&r);
}

/* Its size is 0 if the head is not whole. */
static unsigned
understand(struct http_conn *c, struct view bytes, struct request_head *head, struct request *r,
    size_t *size)
{
	unsigned status = request_scan(&c->scan, bytes, size);

	if (status != 0 || *size == 0)
		return status;
	if ((status = request_head_parse((struct view){bytes.data, *size}, head)) != 0)
		return status;
	return request_target_parse(head->target, head->method, &r->target) ? 0 : 400;
}

static unsigned
admit(const struct http_conn *c, const struct request *r, const struct route *route,
    const char **words)
{
	if (route->roles != 0 && (route->roles & c->caller.roles) == 0) {
		*words = "your name has none of the roles that may ask this; roles stand in "
			 "register.yaml";
		return 403;
	}
	if (r->head->length > route->body_max) {
		*words = "the body is longer than is taken here";
		return 413;
	}
	if (r->head->length > 0 && c->server->held > HELD_MAX) {
		*words = "too much is under way; ask again";
		return 503;
	}
	return 0;
}

/* Whether more has to come. Who has asked whether to send it is told to, once. */
static bool
await_body(struct http_conn *c, const struct request *r, size_t whole, size_t there)
{
	if (there >= whole)
		return false;
	if (r->head->expects && c->need == 0)
		buf_append_string(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	c->need = whole;
	return true;
}

static enum http_taken
answer(struct http_conn *c, const struct request *r, const struct route *route,
    struct response *response)
{
	if (route->threaded)
		return HTTP_TAKEN_THREAD;
	if (route->errand != NULL) {
		route->errand(route->context, r, response, &c->errand);
		if (c->errand.run != NULL)
			return HTTP_TAKEN_THREAD;
	} else if (route->stream != NULL) {
		route->stream(route->context, r, &c->stream, response);
		if (response->status == 200) {
			const struct response_terms terms = {
			    .date = date_of(c->server), .close = true, .endless = true};

			c->server->counts.answered[2]++;
			response_write(response, &terms, &c->out);
			return HTTP_TAKEN_STREAM;
		}
	} else {
		route->handler(route->context, r, response);
	}
	return http_answer_write(c, r->head, response, false) ? HTTP_TAKEN : HTTP_TAKEN_LAST;
}

static const char *
words_of(unsigned status)
{
	switch (status) {
	case 404:
		return "nothing is known by this name";
	case 405:
		return "not by this method; Allow names those that there are";
	case 411:
		return "expected Content-Length, found Transfer-Encoding: chunked";
	case 414:
		return "the first line is longer than 8192 bytes";
	case 417:
		return "of Expect only 100-continue is known";
	case 431:
		return "the head is longer than 16384 bytes, or has more than 64 fields";
	case 501:
		return "a method or transfer coding that is not known here";
	case 503:
		return "out of memory; ask again";
	case 505:
		return "expected HTTP/1.1 or HTTP/1.0";
	default:
		return "this is no request that can be read in one way only (RFC 9112)";
	}
}

/* Made once a second. */
static struct view
date_of(struct http_server *s)
{
	const time_t now = time(NULL);
	struct tm tm;

	if (s->date_s != (uint64_t)now) {
		s->date_s = (uint64_t)now;
		if (gmtime_r(&now, &tm) == NULL ||
		    strftime(
			s->date, sizeof(s->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) == 0)
			s->date[0] = '\0';
	}
	return view_of_string(s->date);
}

/*
 * Heads of requests: which are read, which are refused and by which status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/front/request_head.h"
#include "register/front/request_scan.h"

/* The status of a whole head; 0 if it is taken. In memory of its very size. */
static unsigned
read_head(const char *text, struct request_head *h)
{
	const struct view bytes = view_of_string(text);
	struct request_scan scan = {0};
	size_t size;
	unsigned status = request_scan(&scan, bytes, &size);

	if (status != 0)
		return status;
	assert_int_equal(size, bytes.size);
	return request_head_parse(bytes, h);
}

static unsigned
status_of(const char *text)
{
	struct request_head h;

	return read_head(text, &h);
}

static void
test_taken(void **state)
{
	struct request_head h;

	(void)state;
	assert_int_equal(
	    read_head("POST /v1/admission?x=1 HTTP/1.1\r\nHost: [::1]:7480\r\nX-A:\tb \r\n"
		      "Empty:\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n",
		&h),
	    0);
	assert_true(view_equal(h.method, VIEW_LITERAL("POST")));
	assert_true(view_equal(h.target, VIEW_LITERAL("/v1/admission?x=1")));
	assert_int_equal(h.minor, 1);
	assert_true(h.keep && h.expects);
	assert_int_equal(h.length, 12);
	assert_int_equal(h.fields, 5);
	assert_true(view_equal(request_head_field(&h, "x-a"), VIEW_LITERAL("b")));
	assert_int_equal(request_head_field(&h, "empty").size, 0);
	assert_int_equal(request_head_field(&h, "none").size, 0);
}

static void
test_keeping(void **state)
{
	struct request_head h;

	(void)state;
	assert_int_equal(
	    read_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", &h), 0);
	assert_false(h.keep);
	assert_int_equal(read_head("GET / HTTP/1.0\r\n\r\n", &h), 0);
	assert_false(h.keep);
	assert_int_equal(read_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &h), 0);
	assert_true(h.keep);
	/* An upgrade is not taken up, and no reason to refuse. */
	assert_int_equal(
	    read_head(
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", &h),
	    0);
	/* One empty line before it. */
	assert_int_equal(read_head("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &h), 0);
	assert_true(view_equal(h.method, VIEW_LITERAL("GET")));
	assert_int_equal(read_head("PROPFIND /x HTTP/1.1\r\nHost: a\r\n\r\n", &h), 0);
	assert_int_equal(read_head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &h), 0);
	assert_int_equal(read_head("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", &h), 0);
}

/* Where a request ends is what smuggling is about. */
static void
test_lengths(void **state)
{
	(void)state;
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
	assert_int_equal(status_of(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 5, 5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: +5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: -1\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 0x5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 05\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 5 5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length:\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400);
	assert_int_equal(
	    status_of(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
	assert_int_equal(
	    status_of(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 400);
	assert_int_equal(status_of(POST "Transfer-Encoding: chunked\r\n\r\n"), 411);
	assert_int_equal(status_of(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
	assert_int_equal(status_of(POST "Transfer-Encoding: identity\r\n\r\n"), 501);
	assert_int_equal(status_of(POST "Transfer-Encoding:\x0b"
					"chunked\r\n\r\n"),
	    400);
	assert_int_equal(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void
test_forms(void **state)
{
	(void)state;
	assert_int_equal(status_of("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\n: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHo\x80st: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n"), 400);
	assert_int_equal(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET /\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("G\"T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("\x16\x03\x01\x02\x00\x01"), 400);
}

static void
test_hosts(void **state)
{
	(void)state;
	assert_int_equal(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
}

static void
test_methods_and_versions(void **state)
{
	(void)state;
	assert_int_equal(status_of("FROB / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
	assert_int_equal(status_of("get / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
	assert_int_equal(status_of("PRI * HTTP/2.0\r\n\r\n"), 505);
	assert_int_equal(status_of("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
	assert_int_equal(status_of("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505);
	assert_int_equal(status_of("GET / HTTP/11\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / http/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: a-cake\r\n\r\n"), 417);
	assert_int_equal(status_of("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

/* A request of a line of so many bytes, and fields of so many more. */
static unsigned
sized(size_t line, size_t fields)
{
	static const char end[] = " HTTP/1.1\r\nHost: a\r\n", field[] = "X: y\r\n";
	const size_t room = line + fields + 128;
	struct buf text = BUF_INIT;
	struct request_scan scan = {0};
	unsigned status = 0;
	size_t size = 0;

	assert_non_null(buf_reserve(&text, room));
	buf_append_string(&text, "GET /");
	while (text.size + sizeof(" HTTP/1.1\r\n") - 1 < line)
		buf_append_byte(&text, 'a');
	buf_append_string(&text, end);
	for (size_t i = 0; i + sizeof(field) - 1 <= fields; i += sizeof(field) - 1)
		buf_append_string(&text, field);
	buf_append_string(&text, "\r\n");
	/* As a slow peer sends it. */
	for (size_t i = 1; i <= text.size && status == 0 && size == 0; i++)
		status = request_scan(&scan, (struct view){text.data, i}, &size);
	buf_free(&text);
	assert_true(status != 0 || size > 0);
	return status;
}

static void
test_sizes(void **state)
{
	struct request_head h;
	struct buf many = BUF_INIT;

	(void)state;
	assert_int_equal(sized(REQUEST_LINE_SIZE_MAX, 0), 0);
	assert_int_equal(sized(REQUEST_LINE_SIZE_MAX + 1, 0), 414);
	assert_int_equal(sized(100, REQUEST_HEAD_SIZE_MAX - 200), 0);
	assert_int_equal(sized(100, REQUEST_HEAD_SIZE_MAX), 431);
	for (unsigned extra = 0; extra < 2; extra++) {
		buf_append_string(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (unsigned i = 1; i < REQUEST_FIELDS_MAX + extra; i++)
			buf_append_string(&many, "X: y\r\n");
		buf_append_string(&many, "\r\n");
		assert_int_equal(request_head_parse(buf_view(&many), &h), extra ? 431 : 0);
		buf_clear(&many);
	}
	buf_free(&many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken),
	    cmocka_unit_test(test_keeping), cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_forms), cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_methods_and_versions), cmocka_unit_test(test_sizes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

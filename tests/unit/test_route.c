/*
 * Targets, and the routes that they lead to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/front/route.h"

static const struct route routes[] = {
    {.pattern = "/healthz", .methods = ROUTE_GET},
    {.pattern = "/v1/decision/{}/**", .methods = ROUTE_ANY},
    {.pattern = "/v1/reports/{}/{}", .methods = ROUTE_GET},
    {.pattern = "/v1/reports/{}/{}", .methods = ROUTE_POST},
    {.pattern = "/", .methods = ROUTE_GET},
};

struct found {
	unsigned status;
	int route;
	char parameter[2][64];
	char rest[64];
	char allow[ROUTE_ALLOW_SIZE];
};

static struct found
find(const char *method, const char *target)
{
	struct request_head head = {.method = view_of_string(method)};
	struct request r = {.head = &head, .decoded = BUF_INIT};
	const struct route *route;
	struct found f = {.route = -1};

	if (!request_target_parse(view_of_string(target), head.method, &r.target)) {
		f.status = 400;
		return f;
	}
	f.status = route_find(routes, sizeof(routes) / sizeof(routes[0]), &r, &route, f.allow);
	if (route != NULL)
		f.route = (int)(route - routes);
	for (size_t i = 0; f.status == 0 && i < r.parameters; i++)
		memcpy(f.parameter[i], r.parameter[i].data, r.parameter[i].size);
	if (f.status == 0 && r.rest.size > 0)
		memcpy(f.rest, r.rest.data, r.rest.size);
	request_free(&r);
	return f;
}

static void
test_found(void **state)
{
	struct found f;

	(void)state;
	assert_int_equal(find("GET", "/healthz").route, 0);
	assert_int_equal(find("HEAD", "/healthz?a=b").route, 0);
	assert_int_equal(find("GET", "http://host:1/healthz").route, 0);
	assert_int_equal(find("GET", "HTTPS://host/%68ealth%7a").route, 0);
	assert_int_equal(find("GET", "http://host").route, 4);
	assert_int_equal(find("GET", "http://host?q").route, 4);
	f = find("DELETE", "/v1/decision/trading");
	assert_int_equal(f.route, 1);
	assert_string_equal(f.parameter[0], "trading");
	assert_string_equal(f.rest, "");
	/* What stands behind is nobody's business, whatever it is. */
	f = find("PROPFIND", "/v1/decision/trading/a/../%zz//b");
	assert_int_equal(f.route, 1);
	assert_string_equal(f.rest, "/a/../%zz//b");
	f = find("GET", "/v1/reports/to%6byo/spiffe:%2F%2fbank%2Fa");
	assert_int_equal(f.route, 2);
	assert_string_equal(f.parameter[0], "tokyo");
	assert_string_equal(f.parameter[1], "spiffe://bank/a");
	assert_int_equal(find("POST", "/v1/reports/a/b").route, 3);
}

static void
test_refused(void **state)
{
	struct found f;

	(void)state;
	assert_int_equal(find("GET", "/nothing").status, 404);
	assert_int_equal(find("GET", "/healthz/").status, 404);
	assert_int_equal(find("GET", "//healthz").status, 404);
	assert_int_equal(find("GET", "/v1/decision").status, 404);
	assert_int_equal(find("GET", "/v1/decision/").status, 404);
	assert_int_equal(find("GET", "/v1/reports/a").status, 404);
	assert_int_equal(find("GET", "/v1/reports/a/b/c").status, 404);
	assert_int_equal(find("GET", "/v1/../healthz").status, 404);
	assert_int_equal(find("GET", "/v1%2freports/a/b").status, 404);
	assert_int_equal(find("GET", "/v1/reports/a/%").status, 400);
	assert_int_equal(find("GET", "/v1/reports/a/%4").status, 400);
	assert_int_equal(find("GET", "/v1/reports/a/%4g").status, 400);
	assert_int_equal(find("GET", "/v1/reports/a/%00").status, 400);
	assert_int_equal(find("GET", "/v1/reports/a/b%0d%0a").status, 400);
	assert_int_equal(find("GET", "/v1/reports/a/%7f").status, 400);
	assert_int_equal(find("GET", "/healthz#x").status, 400);
	assert_int_equal(find("GET", "*").status, 400);
	assert_int_equal(find("GET", "healthz").status, 400);
	assert_int_equal(find("GET", "ftp://host/healthz").status, 400);
	assert_int_equal(find("GET", "http:///healthz").status, 400);
	assert_int_equal(find("OPTIONS", "*").status, 404);
	assert_int_equal(find("CONNECT", "/v1/decision/a").status, 501);
	f = find("DELETE", "/v1/reports/a/b");
	assert_int_equal(f.status, 405);
	assert_string_equal(f.allow, "GET, HEAD, POST");
	f = find("POST", "/healthz");
	assert_int_equal(f.status, 405);
	assert_string_equal(f.allow, "GET, HEAD");
}

static void
test_parameters(void **state)
{
	static const struct view query = {
	    (const uint8_t *)"a=1&at=2026%2d11&ax&b=+%20&c=%0&a=2", 35};
	struct buf to = BUF_INIT;

	(void)state;
	assert_int_equal(request_target_parameter(query, "a", &to), 1);
	assert_int_equal(request_target_parameter(query, "at", &to), 1);
	assert_true(view_equal(buf_view(&to), VIEW_LITERAL("12026-11")));
	buf_clear(&to);
	assert_int_equal(request_target_parameter(query, "ax", &to), 1);
	assert_int_equal(to.size, 0);
	assert_int_equal(request_target_parameter(query, "b", &to), 1);
	assert_true(view_equal(buf_view(&to), VIEW_LITERAL("+ ")));
	assert_int_equal(request_target_parameter(query, "c", &to), -1);
	assert_int_equal(request_target_parameter(query, "x", &to), 0);
	assert_int_equal(request_target_parameter((struct view){NULL, 0}, "x", &to), 0);
	buf_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_found),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_parameters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

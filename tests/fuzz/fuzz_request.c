/*
 * Heads of HTTP requests, their targets and routes. What is taken has been read in one way only:
 * whatever pieces it comes in, nothing in it ends a line but CR LF, and its parts lie within it.
 */
#include <stdlib.h>
#include <string.h>

#include "register/front/request_scan.h"
#include "register/front/route.h"

static const struct route routes[] = {
    {.pattern = "/healthz", .methods = ROUTE_GET},
    {.pattern = "/v1/decision/{}/**", .methods = ROUTE_ANY},
    {.pattern = "/v1/reports/{}/{}", .methods = ROUTE_GET | ROUTE_POST},
};

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
lies_within(struct view part, struct view whole)
{
	check(part.size == 0 ||
	      (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
	check(part.size == 0 || memchr(part.data, '\n', part.size) == NULL);
	check(part.size == 0 || memchr(part.data, '\r', part.size) == NULL);
}

static void
find_route(const struct request_head *h)
{
	struct request r = {.head = h, .decoded = BUF_INIT};
	struct buf value = BUF_INIT;
	const struct route *route;
	char allow[ROUTE_ALLOW_SIZE];

	if (!request_target_parse(h->target, h->method, &r.target))
		return;
	if (route_find(routes, sizeof(routes) / sizeof(routes[0]), &r, &route, allow) == 0)
		for (size_t i = 0; i < r.parameters; i++)
			check(memchr(r.parameter[i].data, '\0', r.parameter[i].size) == NULL);
	(void)request_target_parameter(r.target.query, "at", &value);
	buf_free(&value);
	request_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view bytes = {data, size};
	struct request_scan whole = {0}, pieces = {0};
	struct request_head h;
	size_t found, later = 0;
	const unsigned status = request_scan(&whole, bytes, &found);
	unsigned again = 0;

	for (size_t i = 1; i <= size && again == 0 && later == 0; i++)
		again = request_scan(&pieces, (struct view){data, i}, &later);
	check(again == status && later == found && found <= size);
	if (status != 0 || found == 0)
		return 0;
	if (request_head_parse((struct view){data, found}, &h) != 0)
		return 0;
	lies_within(h.method, bytes);
	lies_within(h.target, bytes);
	check(h.method.size > 0 && h.target.size > 0 && h.fields <= REQUEST_FIELDS_MAX);
	for (size_t i = 0; i < h.fields; i++) {
		lies_within(h.field[i].name, bytes);
		lies_within(h.field[i].value, bytes);
	}
	find_route(&h);
	return 0;
}

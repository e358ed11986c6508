#include "register/front/route.h"

#include <string.h>

/* Of one pattern. */
enum match { MATCH_NONE, MATCH, MATCH_BAD };

static enum match match(const char *pattern, struct request *r);
static bool take_parameter(struct request *r, struct view segment);
static bool is_literal(struct request *r, struct view expected, struct view segment);
static unsigned method_of(struct view method);
static void allow_methods(unsigned methods, char allow[ROUTE_ALLOW_SIZE]);

unsigned
route_find(const struct route *routes, size_t count, struct request *r, const struct route **out,
    char allow[ROUTE_ALLOW_SIZE])
{
	const unsigned method = method_of(r->head->method);
	unsigned allowed = 0;

	*out = NULL;
	allow[0] = '\0';
	if (view_equal(r->head->method, VIEW_LITERAL("CONNECT")))
		return 501;
	/* Views of parameters stay: what is decoded is never longer than the path. */
	if (memchr(r->target.path.data, '%', r->target.path.size) != NULL &&
	    buf_reserve(&r->decoded, r->target.path.size) == NULL)
		return 503;
	for (size_t i = 0; i < count; i++) {
		const enum match m = match(routes[i].pattern, r);

		if (m == MATCH_BAD)
			return 400;
		if (m == MATCH_NONE)
			continue;
		if ((routes[i].methods & (method | ROUTE_ANY)) != 0) {
			*out = &routes[i];
			return 0;
		}
		allowed |= routes[i].methods;
	}
	allow_methods(allowed, allow);
	return allowed != 0 ? 405 : 404;
}

void
request_free(struct request *r)
{
	buf_free(&r->decoded);
}

static enum match
match(const char *pattern, struct request *r)
{
	struct view expected, path = r->target.path, segment, left = view_of_string(pattern);

	r->parameters = 0;
	r->decoded.size = 0;
	while (request_target_segment(&left, &expected)) {
		if (view_equal(expected, VIEW_LITERAL("**"))) {
			r->rest = path;
			return MATCH;
		}
		if (!request_target_segment(&path, &segment))
			return MATCH_NONE;
		if (view_equal(expected, VIEW_LITERAL("{}"))) {
			if (segment.size == 0)
				return MATCH_NONE;
			if (!take_parameter(r, segment))
				return MATCH_BAD;
		} else if (!is_literal(r, expected, segment)) {
			return MATCH_NONE;
		}
	}
	r->rest = (struct view){NULL, 0};
	return path.size == 0 ? MATCH : MATCH_NONE;
}

static bool
take_parameter(struct request *r, struct view segment)
{
	const size_t from = r->decoded.size;

	if (r->parameters == ROUTE_PARAMETERS_MAX)
		return false;
	if (memchr(segment.data, '%', segment.size) != NULL) {
		if (!request_target_decode(segment, &r->decoded) || r->decoded.failed)
			return false;
		segment = (struct view){r->decoded.data + from, r->decoded.size - from};
	}
	r->parameter[r->parameters++] = segment;
	return true;
}

/* What is written with percent signs is the same path (RFC 3986, 6.2.2.2). */
static bool
is_literal(struct request *r, struct view expected, struct view segment)
{
	const size_t from = r->decoded.size;
	bool same;

	if (segment.size == 0 || memchr(segment.data, '%', segment.size) == NULL)
		return view_equal(expected, segment);
	same = request_target_decode(segment, &r->decoded) &&
	       view_equal(expected, (struct view){r->decoded.data + from, r->decoded.size - from});
	r->decoded.size = from;
	return same;
}

static unsigned
method_of(struct view method)
{
	static const struct {
		const char *name;
		unsigned method;
	} names[] = {{"GET", ROUTE_GET}, {"HEAD", ROUTE_GET}, {"POST", ROUTE_POST},
	    {"DELETE", ROUTE_DELETE}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (view_equal(method, view_of_string(names[i].name)))
			return names[i].method;
	return 0;
}

static void
allow_methods(unsigned methods, char allow[ROUTE_ALLOW_SIZE])
{
	static const struct {
		unsigned method;
		const char *names;
	} names[] = {{ROUTE_GET, "GET, HEAD"}, {ROUTE_POST, "POST"}, {ROUTE_DELETE, "DELETE"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((methods & names[i].method) == 0)
			continue;
		if (allow[0] != '\0')
			(void)strcat(allow, ", ");
		(void)strcat(allow, names[i].names);
	}
}

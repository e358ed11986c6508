#include "register/front/health.h"

static void
answer(void *context, const struct request *r, struct response *out)
{
	(void)context;
	(void)r;
	out->type = response_text;
	buf_append_string(&out->body, "ok\n");
}

const struct route health_route = {.pattern = "/healthz", .methods = ROUTE_GET, .handler = answer};

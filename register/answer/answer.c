#include "register/answer/answer.h"

#include <string.h>

#include "register/answer/resources.h"

#define PAGED  (TAKES(PARAMETER_LIMIT) | TAKES(PARAMETER_CURSOR))
#define LISTED (PAGED | TAKES(PARAMETER_LOG))
#define AT     TAKES(PARAMETER_AT)

/* A path is its words and, for each "*", a segment that the handler is given. */
static const struct resource {
	const char *path;
	unsigned takes;
	void (*answer)(struct answering *x);
	bool list; /* it has `items` */
} resources[] = {
    {"logs", 0, answer_logs, true},
    {"workloads",
	LISTED | AT | TAKES(PARAMETER_HOST) | TAKES(PARAMETER_WORKLOAD) | TAKES(PARAMETER_TIER) |
	    TAKES(PARAMETER_SILENT),
	answer_workloads, true},
    {"workloads/*/*/*", PAGED | AT, answer_workload, false},
    {"workloads/*/*/*/reports", PAGED | AT, answer_workload_reports, true},
    {"hosts", LISTED | AT | TAKES(PARAMETER_HOST), answer_hosts, true},
    {"findings", LISTED | AT | TAKES(PARAMETER_CODE), answer_findings, true},
    {"findings/*/*", PAGED | AT | TAKES(PARAMETER_HOST) | TAKES(PARAMETER_WORKLOAD), answer_finding,
	true},
    {"silences", LISTED | TAKES(PARAMETER_HOST) | TAKES(PARAMETER_WORKLOAD), answer_silences, true},
    {"policies", LISTED | AT, answer_policies, true},
    {"notices", LISTED | AT | TAKES(PARAMETER_KIND), answer_notices, true},
    {"alarms", LISTED, answer_alarms, true},
    {"alerts", LISTED | TAKES(PARAMETER_HOST) | TAKES(PARAMETER_WORKLOAD) | TAKES(PARAMETER_CODE),
	answer_alerts, true},
    {"artifacts/*", LISTED, answer_artifact, true},
    {"reports/*/*", 0, answer_report, false},
    {"receipts/*/*", 0, answer_receipt, false},
    {"fleet", TAKES(PARAMETER_CURSOR) | TAKES(PARAMETER_LOG), answer_fleet, true},
    {"words", 0, answer_words, true},
};

#define RESOURCES (sizeof(resources) / sizeof(resources[0]))

static bool takes_path(const char *pattern, struct view path, struct answering *x);
static bool next_segment(struct view *path, struct view *segment);
static void answer_resource(struct answering *x, const struct resource *r, struct view query);
static void write_body(struct answering *x);

void
answer_get(struct answerer *a, struct view path, struct view query, const struct scope *scope,
    struct answer *out)
{
	struct answering x = {.answerer = a, .scope = scope, .out = out};
	unsigned i = 0;

	memset(out, 0, sizeof(*out));
	while (i < RESOURCES && !takes_path(resources[i].path, path, &x))
		i++;
	if (i == RESOURCES) {
		answering_refuse(&x, 404, "no-such-resource",
		    "there is no such path; doc/openapi.yaml has those that there are");
		return;
	}
	x.resource = (uint8_t)i;
	answer_resource(&x, &resources[i], query);
}

static bool
takes_path(const char *pattern, struct view path, struct answering *x)
{
	struct view words = view_of_string(pattern), word, segment;

	x->segments = 0;
	while (next_segment(&words, &word)) {
		if (!next_segment(&path, &segment))
			return false;
		if (view_equal(word, VIEW_LITERAL("*")))
			x->segment[x->segments++] = segment;
		else if (!view_equal(word, segment))
			return false;
	}
	return path.data == NULL;
}

/* `path` is of nothing behind the last one. */
static bool
next_segment(struct view *path, struct view *segment)
{
	const uint8_t *slash;

	if (path->data == NULL)
		return false;
	*segment = *path;
	if ((slash = memchr(path->data, '/', path->size)) == NULL) {
		*path = (struct view){NULL, 0};
		return true;
	}
	segment->size = (size_t)(slash - path->data);
	path->data = slash + 1;
	path->size -= segment->size + 1;
	return true;
}

static void
answer_resource(struct answering *x, const struct resource *r, struct view query)
{
	const char *code, *wrong = answer_query_parse(query, r->takes, &x->query, &code);

	x->body = json_object();
	x->as_of = json_array();
	answering_set(x->body, "as_of", x->as_of);
	if (r->list) {
		x->items = json_array();
		answering_set(x->body, "items", x->items);
	}
	if (wrong != NULL)
		answering_refuse(x, 400, code, wrong);
	else
		r->answer(x);
	answering_close_log(x);
	if (!x->done)
		write_body(x);
	json_decref(x->body);
	buf_free(&x->named);
	answer_query_free(&x->query);
}

static int
append(const char *bytes, size_t size, void *to)
{
	buf_append(to, bytes, size);
	return 0;
}

static void
write_body(struct answering *x)
{
	x->out->status = 200;
	x->out->type = "application/json";
	if (json_dump_callback(x->body, append, &x->out->body, JSON_COMPACT) != 0)
		buf_clear(&x->out->body);
	buf_append_byte(&x->out->body, '\n');
	if (buf_status(&x->out->body) != ERR_OK || x->out->body.size == 1)
		answering_refuse(x, 503, "no-memory", "there is no memory for the answer");
}

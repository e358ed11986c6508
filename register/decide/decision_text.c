#include "register/decide/decision_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELD_SIZE 192 /* bytes, with NUL: the longest is a log's name and a number in a path */

static void add(struct response *out, const char *field, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void write_report(const struct decision *d, const struct register_config *config,
    uint64_t now_s, struct response *out);

unsigned
decision_status(enum decision_kind kind)
{
	static const unsigned statuses[] = {[DECISION_ALLOW] = 200,
	    [DECISION_UNKNOWN] = 404,
	    [DECISION_CANNOT] = 503,
	    [DECISION_DENY] = 403};

	return statuses[kind];
}

const char *
decision_kind_name(enum decision_kind kind)
{
	static const char *const names[] = {[DECISION_ALLOW] = "allow",
	    [DECISION_UNKNOWN] = "unknown",
	    [DECISION_CANNOT] = "cannot-know",
	    [DECISION_DENY] = "deny"};

	return names[kind];
}

void
decision_write(const struct decision *d, const struct register_config *config, uint64_t now_s,
    struct response *out)
{
	out->status = decision_status(d->kind);
	out->type = response_text;
	add(out, "X-Hallmark-Decision", "decision", "%s", decision_kind_name(d->kind));
	add(out, "X-Hallmark-Why", "why", "%s", d->why);
	if (d->members > 0)
		add(out, "X-Hallmark-Members", "well", "%zu/%zu", d->well, d->members);
	if (d->by != NULL)
		write_report(d, config, now_s, out);
	if (d->kind == DECISION_ALLOW)
		add(out, "X-Hallmark-Until", "until", "%" PRIu64, d->until_s);
	/* Kept by a cache for a second, it must still be good then; made a second ago, too. */
	if (d->kind == DECISION_ALLOW && d->until_s >= now_s + 2)
		response_cache(out, "max-age=1");
}

static void
write_report(const struct decision *d, const struct register_config *config, uint64_t now_s,
    struct response *out)
{
	const struct decided *by = d->by;
	const char *log = config->logs[by->log].name;

	add(out, "X-Hallmark-Tier", "tier", "%s", report_status_name(by->status));
	if (by->why[0] != '\0')
		add(out, "X-Hallmark-Finding", "finding", "%s", by->why);
	add(out, "X-Hallmark-Age", "age", "%" PRIu64,
	    now_s > by->issued_s ? now_s - by->issued_s : 0);
	add(out, "X-Hallmark-Entry", "entry", "%s/%" PRIu64, log, by->index);
	add(out, "X-Hallmark-Proof", "proof", "/v1/receipts/%s/%" PRIu64, log, by->index);
}

/* As a field, and as a line. */
static void
add(struct response *out, const char *field, const char *name, const char *format, ...)
{
	char value[FIELD_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	response_field(out, field, view_of_string(value));
	buf_append_format(&out->body, "%s: %s\n", name, value);
}

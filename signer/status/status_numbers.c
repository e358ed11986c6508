#include "signer/status/status_numbers.h"

#include "signer/status/status_feeds.h"
#include "signer/status/status_groups.h"

static void print_section(FILE *to, const char *title, json_t *object);
static void print_expiry(FILE *to, json_t *ends);
static void print_latency(FILE *to, json_t *latencies);

void
status_numbers(json_t *status, FILE *to)
{
	const char *key;
	json_t *value;

	json_object_foreach(status, key, value)
	{
		if (json_is_integer(value))
			fprintf(
			    to, "%-28s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
		else if (json_is_string(value))
			fprintf(to, "%-28s %s\n", key, json_string_value(value));
		else if (json_is_null(value))
			fprintf(to, "%-28s -\n", key);
	}
	print_expiry(to, json_object_get(status, "expiry"));
	print_section(to, "counters", json_object_get(status, "counters"));
	print_section(to, "verdicts", json_object_get(status, "verdicts"));
	status_groups_numbers(status, to);
	status_feeds_numbers(json_object_get(status, "feeds"), to);
	print_section(to, "log lines", json_object_get(status, "log_lines"));
	print_section(to, "refusals", json_object_get(status, "refusals"));
	print_latency(to, json_object_get(status, "latency_us"));
}

static void
print_expiry(FILE *to, json_t *ends)
{
	const char *key;
	json_t *end;

	fprintf(to, "\nexpiry\n");
	json_object_foreach(ends, key, end)
	{
		const json_int_t left_s = json_integer_value(json_object_get(end, "left_s"));

		if (!json_is_integer(json_object_get(end, "left_s")))
			continue;
		fprintf(to, "  %-26s %s (%s%" JSON_INTEGER_FORMAT " days, %s)\n", key,
		    json_string_value(json_object_get(end, "not_after")),
		    left_s < 0 ? "over for " : "", (left_s < 0 ? -left_s : left_s) / 86400,
		    json_string_value(json_object_get(end, "certificate")));
	}
}

static void
print_section(FILE *to, const char *title, json_t *object)
{
	const char *key;
	json_t *value;

	fprintf(to, "\n%s\n", title);
	if (json_object_size(object) == 0)
		fprintf(to, "  none\n");
	json_object_foreach(object, key, value)
	    fprintf(to, "  %-26s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
}

static void
print_latency(FILE *to, json_t *latencies)
{
	static const char *const columns[] = {"count", "p50", "p99", "p999", "max"};
	const char *key;
	json_t *value;

	fprintf(to, "\n%-28s", "latency (us)");
	for (unsigned i = 0; i < 5; i++)
		fprintf(to, " %10s", columns[i]);
	json_object_foreach(latencies, key, value)
	{
		fprintf(to, "\n  %-26s", key);
		for (unsigned i = 0; i < 5; i++)
			fprintf(to, " %10" JSON_INTEGER_FORMAT,
			    json_integer_value(json_object_get(value, columns[i])));
	}
	fprintf(to, "\n");
}

#include "signer/status_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "signer/control_ask.h"
#include "signer/ground/counters.h"

/* The signer answers within a turn of its loop; whoever asks for a monitor must not hang with it.
 */
#define ANSWER_TIMEOUT_S 5

static json_t *parse(const char *path, const struct buf *answer);
static void print_table(json_t *status);
static void print_expiry(json_t *ends);
static void print_section(const char *title, json_t *object);
static void print_latency(json_t *latencies);
static void print_prometheus(json_t *status);
static void prometheus_gauge(json_t *status, const char *key, const char *help);

int
status_client(const char *path, enum status_format format)
{
	struct buf answer = BUF_INIT;
	json_t *status = NULL;
	int result = control_ask(path, VIEW_LITERAL("status\n"), ANSWER_TIMEOUT_S, &answer);

	if (result == 0 && (status = parse(path, &answer)) == NULL)
		result = 1;
	if (result == 0 && format == STATUS_JSON)
		fwrite(answer.data, 1, answer.size, stdout);
	else if (result == 0 && format == STATUS_TABLE)
		print_table(status);
	else if (result == 0)
		print_prometheus(status);
	json_decref(status);
	buf_free(&answer);
	return result;
}

/* NULL, which is said, if it is no status: whole, and with what is looked into without a question.
 */
static json_t *
parse(const char *path, const struct buf *answer)
{
	json_t *status =
	    json_loadb((const char *)answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_string(json_object_get(status, "key_process")))
		return status;
	fprintf(stderr,
	    "hallmark-signer: %s: expected a status in JSON, found %zu bytes that are none; is "
	    "this the signer's status socket?\n",
	    path, answer->size);
	json_decref(status);
	return NULL;
}

static void
print_table(json_t *status)
{
	const char *key;
	json_t *value;

	json_object_foreach(status, key, value)
	{
		if (json_is_integer(value))
			printf("%-28s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
		else if (json_is_string(value))
			printf("%-28s %s\n", key, json_string_value(value));
		else if (json_is_null(value))
			printf("%-28s -\n", key);
	}
	print_expiry(json_object_get(status, "expiry"));
	print_section("counters", json_object_get(status, "counters"));
	print_section("refusals", json_object_get(status, "refusals"));
	print_latency(json_object_get(status, "latency_us"));
}

static void
print_expiry(json_t *ends)
{
	const char *key;
	json_t *end;

	printf("\nexpiry\n");
	json_object_foreach(ends, key, end)
	{
		const json_int_t left_s = json_integer_value(json_object_get(end, "left_s"));

		if (!json_is_integer(json_object_get(end, "left_s")))
			continue;
		printf("  %-26s %s (%s%" JSON_INTEGER_FORMAT " days, %s)\n", key,
		    json_string_value(json_object_get(end, "not_after")),
		    left_s < 0 ? "over for " : "", (left_s < 0 ? -left_s : left_s) / 86400,
		    json_string_value(json_object_get(end, "certificate")));
	}
}

static void
print_section(const char *title, json_t *object)
{
	const char *key;
	json_t *value;

	printf("\n%s\n", title);
	if (json_object_size(object) == 0)
		printf("  none\n");
	json_object_foreach(object, key, value)
	    printf("  %-26s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
}

static void
print_latency(json_t *latencies)
{
	static const char *const columns[] = {"count", "p50", "p99", "p999", "max"};
	const char *key;
	json_t *value;

	printf("\n%-28s", "latency (us)");
	for (unsigned i = 0; i < 5; i++)
		printf(" %10s", columns[i]);
	json_object_foreach(latencies, key, value)
	{
		printf("\n  %-26s", key);
		for (unsigned i = 0; i < 5; i++)
			printf(" %10" JSON_INTEGER_FORMAT,
			    json_integer_value(json_object_get(value, columns[i])));
	}
	printf("\n");
}

static void
print_prometheus(json_t *status)
{
	static const struct {
		const char *name, *help;
	} counters[] = {
#define COUNTER_HELP(field, name, help) {name, help},
	    COUNTER_MAP(COUNTER_HELP)
#undef COUNTER_HELP
	};
	json_t *values = json_object_get(status, "counters");
	json_t *refusals = json_object_get(status, "refusals");
	json_t *latencies = json_object_get(status, "latency_us");
	const char *storage = json_string_value(json_object_get(status, "storage"));
	const char *clock = json_string_value(json_object_get(status, "clock"));
	const char *key_process = json_string_value(json_object_get(status, "key_process"));
	const char *key;
	json_t *value;

	prometheus_gauge(status, "log_size", "entries staged");
	prometheus_gauge(status, "signed_size", "entries covered by a checkpoint");
	prometheus_gauge(status, "published_size", "entries in the published tiles");
	prometheus_gauge(status, "in_flight", "reports without a receipt");
	prometheus_gauge(status, "connections", "open connections");
	prometheus_gauge(status, "workloads", "known workloads");
	prometheus_gauge(status, "silent_workloads", "workloads absent since their newest report");
	prometheus_gauge(status, "statements_in_force", "statements of operators in force");
	prometheus_gauge(status, "evidence", "records in the evidence store");
	prometheus_gauge(status, "signature_age_ms", "since the last checkpoint was signed");
	prometheus_gauge(status, "storage_free_mib", "free on the file system that has least");
	prometheus_gauge(status, "loop_gap_max_us", "longest time that events had to wait");
	printf("# HELP hallmark_key_process_up whether the key process answers\n"
	       "# TYPE hallmark_key_process_up gauge\nhallmark_key_process_up %d\n",
	    strcmp(key_process, "up") == 0);
	printf("# HELP hallmark_key_process_halted whether it waits for an operator\n"
	       "# TYPE hallmark_key_process_halted gauge\nhallmark_key_process_halted %d\n",
	    strcmp(key_process, "halted") == 0);
	printf(
	    "# HELP hallmark_storage_low whether bundles are refused for want of room on a disk\n"
	    "# TYPE hallmark_storage_low gauge\nhallmark_storage_low %d\n",
	    storage != NULL && strcmp(storage, "low") == 0);
	printf("# HELP hallmark_clock_refused whether bundles are refused for want of a clock to "
	       "trust\n# TYPE hallmark_clock_refused gauge\nhallmark_clock_refused %d\n",
	    clock != NULL && strcmp(clock, "trusted") != 0);
	prometheus_gauge(status, "clock_identities", "identities whose time was heard lately");
	prometheus_gauge(
	    status, "clock_identities_against", "of them, those that have another time");
	printf("# HELP hallmark_policy_waiting whether the configured policy waits for approvals\n"
	       "# TYPE hallmark_policy_waiting gauge\nhallmark_policy_waiting %d\n",
	    json_is_string(json_object_get(status, "policy_waiting")));
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		printf("# HELP hallmark_%s_total %s\n# TYPE hallmark_%s_total counter\n"
		       "hallmark_%s_total %" JSON_INTEGER_FORMAT "\n",
		    counters[i].name, counters[i].help, counters[i].name, counters[i].name,
		    json_integer_value(json_object_get(values, counters[i].name)));
	printf(
	    "# HELP hallmark_expiry_seconds until a certificate or list ends; negative once it is "
	    "over\n"
	    "# TYPE hallmark_expiry_seconds gauge\n");
	json_object_foreach(json_object_get(status, "expiry"), key, value)
	{
		value = json_object_get(value, "left_s");
		if (json_is_integer(value))
			printf("hallmark_expiry_seconds{of=\"%s\"} %" JSON_INTEGER_FORMAT "\n", key,
			    json_integer_value(value));
	}
	printf("# HELP hallmark_refusals_total refusals by code\n"
	       "# TYPE hallmark_refusals_total counter\n");
	json_object_foreach(refusals, key, value)
	    printf("hallmark_refusals_total{code=\"%s\"} %" JSON_INTEGER_FORMAT "\n", key,
		json_integer_value(value));
	printf("# HELP hallmark_latency_us upper bounds of quantiles, in microseconds\n"
	       "# TYPE hallmark_latency_us gauge\n");
	json_object_foreach(latencies, key, value)
	{
		printf("hallmark_latency_us{of=\"%s\",quantile=\"0.5\"} %" JSON_INTEGER_FORMAT "\n",
		    key, json_integer_value(json_object_get(value, "p50")));
		printf("hallmark_latency_us{of=\"%s\",quantile=\"0.99\"} %" JSON_INTEGER_FORMAT
		       "\n",
		    key, json_integer_value(json_object_get(value, "p99")));
	}
}

static void
prometheus_gauge(json_t *status, const char *key, const char *help)
{
	json_t *value = json_object_get(status, key);

	if (json_is_integer(value))
		printf("# HELP hallmark_%s %s\n# TYPE hallmark_%s gauge\nhallmark_%s "
		       "%" JSON_INTEGER_FORMAT "\n",
		    key, help, key, key, json_integer_value(value));
}

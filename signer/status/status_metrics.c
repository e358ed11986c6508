#include "signer/status/status_metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/err.h"
#include "signer/ground/counters.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/loading/ends.h"
#include "signer/status/status_groups.h"

/* A number of the status, and the unit that a metric has instead of its own. */
struct gauge {
	const char *key, *name, *help;
	double unit;
};

static const struct gauge gauges[] = {
    {"uptime_s", "uptime_seconds", "since the start of the process", 1},
    {"log_size", "log_size", "entries staged", 1},
    {"signed_size", "signed_size", "entries covered by a checkpoint", 1},
    {"published_size", "published_size", "entries in the published tiles", 1},
    {"in_flight", "in_flight", "reports without a receipt", 1},
    {"connections", "connections", "open connections", 1},
    {"challenges_waiting", "challenges_waiting", "challenges without an answer", 1},
    {"statements_in_force", "statements_in_force", "statements of operators in force", 1},
    {"unjudged_workloads", "unjudged_workloads",
	"workloads that have reported, and not yet under the policy in force", 1},
    {"revoked_count", "revoked_in_force", "collectors, workloads, contents and sets revoked", 1},
    {"feeds_missing", "feeds_missing", "feeds that the policy wants, of which none is in force", 1},
    {"feeds_old", "feeds_old", "feeds whose file is older than the policy wants it", 1},
    {"feeds_refused", "feeds_refused", "feeds whose file is none now", 1},
    {"feeds_age_s", "feeds_age_seconds", "since the oldest file of a feed was written", 1},
    {"clock_identities", "clock_identities", "identities whose time was heard lately", 1},
    {"clock_identities_against", "clock_identities_against",
	"of them, those that have another time", 1},
    {"evidence", "evidence", "records in the evidence store", 1},
    {"signature_age_ms", "signature_age_seconds", "since the last checkpoint was signed", 1e-3},
    {"storage_free_mib", "storage_free_bytes", "free on the file system that has least", 1048576},
    {"loop_gap_max_us", "loop_gap_max_seconds", "longest time that events had to wait", 1e-6},
};

/* Words of the status, and what they have to be for a 1. */
static const struct state {
	const char *key, *word; /* NULL: any */
	bool otherwise;         /* 1 if it is another one */
	const char *name, *help;
} states[] = {
    {"key_process", "up", false, "key_process_up", "whether the key process answers"},
    {"key_process", "halted", false, "key_process_halted", "whether it waits for an operator"},
    {"storage", "low", false, "storage_low",
	"whether bundles are refused for want of room on a disk"},
    {"clock", "trusted", true, "clock_refused",
	"whether bundles are refused for want of a clock to trust"},
    {"policy_waiting", NULL, false, "policy_waiting",
	"whether the configured policy waits for approvals"},
    {"reload_refused", NULL, false, "reload_refused",
	"whether the last reload was refused, and what was there before goes on"},
};

/* Parts of the memory. */
static const char *const memory[][2] = {
    {"evidence_receiving_bytes", "evidence_receiving"},
    {"evidence_unsynced_bytes", "evidence_unsynced"},
    {"judgement_bytes", "judgements"},
    {"batch_bytes", "batches"},
};

static const struct {
	const char *name, *help;
} counters[] = {
#define COUNTER_HELP(field, name, help) {name, help},
    COUNTER_MAP(COUNTER_HELP)
#undef COUNTER_HELP
};

#define LATENCIES 3

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *unknown_in(
    json_t *names, const char *(*name_at)(unsigned n), unsigned begin, unsigned end);
static const char *verdict_at(unsigned n);
static const char *end_at(unsigned n);
static const char *latency_at(unsigned n);
static const char *bound_at(unsigned n);
static void head(FILE *to, const char *name, const char *type, const char *help);
static void print_states(json_t *status, FILE *to);
static void print_expiry(json_t *ends, FILE *to);
static void print_counters(json_t *values, FILE *to);
static void print_refusals(json_t *refusals, FILE *to);
static void print_log_lines(json_t *lines, FILE *to);
static void print_labelled(json_t *values, const char *name, const char *label, FILE *to);
static void print_latency(const char *of, json_t *latency, FILE *to);
static const char *verdict_counted(const char *counter);

const char *
status_metrics_unknown(json_t *status)
{
	json_t *latencies = json_object_get(status, "latency_us");
	const char *name;

	if ((name = unknown_in(json_object_get(status, "verdicts"), verdict_at, VERDICT_AFFIRMING,
		 VERDICT_COUNT)) != NULL ||
	    (name = unknown_in(json_object_get(status, "expiry"), end_at, 0, ENDS)) != NULL ||
	    (name = status_groups_unknown(status)) != NULL ||
	    (name = unknown_in(latencies, latency_at, 0, LATENCIES)) != NULL)
		return name;
	for (unsigned i = 0; i < LATENCIES && name == NULL; i++) {
		json_t *latency = json_object_get(latencies, latency_at(i));

		name = unknown_in(json_object_get(latency, "within"), bound_at, 0, LATENCY_BOUNDS);
	}
	return name;
}

void
status_metrics(json_t *status, FILE *to)
{
	const char *of;
	json_t *value;

	for (size_t i = 0; i < COUNT(gauges); i++) {
		value = json_object_get(status, gauges[i].key);
		if (!json_is_integer(value))
			continue; /* not known */
		head(to, gauges[i].name, "gauge", gauges[i].help);
		fprintf(to, "hallmark_%s %.15g\n", gauges[i].name,
		    (double)json_integer_value(value) * gauges[i].unit);
	}
	head(to, "memory_bytes", "gauge", "memory by what it is for");
	for (size_t i = 0; i < COUNT(memory); i++)
		fprintf(to, "hallmark_memory_bytes{of=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
		    memory[i][1], json_integer_value(json_object_get(status, memory[i][0])));
	head(to, "workloads", "gauge", "workloads that have reported, by verdict");
	print_labelled(json_object_get(status, "verdicts"), "workloads", "verdict", to);
	status_groups_metrics(status, to);
	print_states(status, to);
	print_expiry(json_object_get(status, "expiry"), to);
	print_counters(json_object_get(status, "counters"), to);
	print_refusals(json_object_get(status, "refusals"), to);
	print_log_lines(json_object_get(status, "log_lines"), to);
	head(to, "latency_seconds", "histogram",
	    "receipt: from a whole bundle to its receipt; storage: a group commit; token: a "
	    "checkpoint signature");
	json_object_foreach(json_object_get(status, "latency_us"), of, value)
	    print_latency(of, value, to);
}

static const char *
unknown_in(json_t *names, const char *(*name_at)(unsigned n), unsigned begin, unsigned end)
{
	const char *name;
	json_t *value;

	json_object_foreach(names, name, value)
	{
		unsigned n = begin;

		while (n < end && strcmp(name_at(n), name) != 0)
			n++;
		if (n == end)
			return name;
	}
	return NULL;
}

static const char *
verdict_at(unsigned n)
{
	return verdict_name((enum verdict_kind)n);
}

static const char *
end_at(unsigned n)
{
	return ends_name((enum ends)n);
}

static const char *
latency_at(unsigned n)
{
	static const char *const names[LATENCIES] = {"receipt", "storage", "token"};

	return names[n];
}

/* Until the next call. */
static const char *
bound_at(unsigned n)
{
	static char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)latency_bound_us[n]);
	return text;
}

static void
head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP hallmark_%s %s\n# TYPE hallmark_%s %s\n", name, help, name, type);
}

static void
print_states(json_t *status, FILE *to)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		const char *word = json_string_value(json_object_get(status, states[i].key));
		const bool same =
		    states[i].word == NULL || (word != NULL && strcmp(word, states[i].word) == 0);
		const bool is = word != NULL && same != states[i].otherwise;

		head(to, states[i].name, "gauge", states[i].help);
		fprintf(to, "hallmark_%s %d\n", states[i].name, is);
	}
}

static void
print_expiry(json_t *ends, FILE *to)
{
	const char *of;
	json_t *end;

	head(to, "expiry_seconds", "gauge",
	    "until a certificate or list ends, or what the policy says for a time; negative once "
	    "it "
	    "is over");
	json_object_foreach(ends, of, end)
	{
		json_t *left_s = json_object_get(end, "left_s");

		if (json_is_integer(left_s))
			fprintf(to, "hallmark_expiry_seconds{of=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
			    of, json_integer_value(left_s));
	}
}

/* Those of verdicts are one, with a label. */
static void
print_counters(json_t *values, FILE *to)
{
	for (size_t i = 0; i < COUNT(counters); i++) {
		char name[64];

		if (verdict_counted(counters[i].name) != NULL)
			continue;
		snprintf(name, sizeof(name), "%s_total", counters[i].name);
		head(to, name, "counter", counters[i].help);
		fprintf(to, "hallmark_%s %" JSON_INTEGER_FORMAT "\n", name,
		    json_integer_value(json_object_get(values, counters[i].name)));
	}
	head(
	    to, "report_verdicts_total", "counter", "reports by their status, but for gap records");
	for (size_t i = 0; i < COUNT(counters); i++) {
		const char *verdict = verdict_counted(counters[i].name);

		if (verdict != NULL)
			fprintf(to,
			    "hallmark_report_verdicts_total{verdict=\"%s\"} "
			    "%" JSON_INTEGER_FORMAT "\n",
			    verdict, json_integer_value(json_object_get(values, counters[i].name)));
	}
}

/* "affirming" of "reports_affirming"; NULL of others. */
static const char *
verdict_counted(const char *counter)
{
	static const char begin[] = "reports_";

	return strncmp(counter, begin, sizeof(begin) - 1) == 0 ? counter + sizeof(begin) - 1 : NULL;
}

/* What a peer can bring about begins at 0, so that the first one is seen to be an increase. */
static void
print_refusals(json_t *refusals, FILE *to)
{
	head(to, "refusals_total", "counter", "refusals by code");
	for (unsigned i = 0; i < err_count(); i++) {
		const enum err e = err_at(i);
		json_t *count = json_object_get(refusals, err_name(e));

		if (count != NULL || err_class(e) == ERR_CLASS_REQUEST ||
		    err_class(e) == ERR_CLASS_STREAM)
			fprintf(to,
			    "hallmark_refusals_total{code=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
			    err_name(e), json_integer_value(count));
	}
}

static void
print_log_lines(json_t *lines, FILE *to)
{
	static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

	head(to, "log_lines_total", "counter", "lines of the log by level");
	for (size_t i = 0; i < COUNT(levels); i++)
		fprintf(to, "hallmark_log_lines_total{level=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
		    levels[i], json_integer_value(json_object_get(lines, levels[i])));
	head(to, "log_lines_unsaid_total", "counter",
	    "lines left out because of a peer's ration, or dropped because stderr had no room");
	fprintf(to, "hallmark_log_lines_unsaid_total{reason=\"ration\"} %" JSON_INTEGER_FORMAT "\n",
	    json_integer_value(json_object_get(lines, "left_out")));
	fprintf(to,
	    "hallmark_log_lines_unsaid_total{reason=\"no_room\"} %" JSON_INTEGER_FORMAT "\n",
	    json_integer_value(json_object_get(lines, "dropped")));
}

static void
print_labelled(json_t *values, const char *name, const char *label, FILE *to)
{
	const char *key;
	json_t *value;

	json_object_foreach(values, key, value)
	    fprintf(to, "hallmark_%s{%s=\"%s\"} %" JSON_INTEGER_FORMAT "\n", name, label, key,
		json_integer_value(value));
}

static void
print_latency(const char *of, json_t *latency, FILE *to)
{
	const json_int_t count = json_integer_value(json_object_get(latency, "count"));
	const char *bound_us;
	json_t *within;

	json_object_foreach(json_object_get(latency, "within"), bound_us, within) fprintf(to,
	    "hallmark_latency_seconds_bucket{of=\"%s\",le=\"%g\"} %" JSON_INTEGER_FORMAT "\n", of,
	    strtod(bound_us, NULL) * 1e-6, json_integer_value(within));
	fprintf(to,
	    "hallmark_latency_seconds_bucket{of=\"%s\",le=\"+Inf\"} %" JSON_INTEGER_FORMAT "\n", of,
	    count);
	fprintf(to, "hallmark_latency_seconds_sum{of=\"%s\"} %.15g\n", of,
	    (double)json_integer_value(json_object_get(latency, "sum")) * 1e-6);
	fprintf(
	    to, "hallmark_latency_seconds_count{of=\"%s\"} %" JSON_INTEGER_FORMAT "\n", of, count);
}

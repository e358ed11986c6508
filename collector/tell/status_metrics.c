#include "collector/tell/status_metrics.h"

#include <stdbool.h>
#include <string.h>

#include "proto/report/report.h"
#include "proto/utc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A number of the status, and the unit that a metric has instead of its own. */
struct number {
	const char *key, *name, *type, *help;
	double unit;
};

static const struct number of_collector[] = {
    {"uptime_s", "uptime_seconds", "gauge", "since the start of the process", 1},
    {"rounds", "rounds_total", "counter", "rounds that have ended", 1},
    {"round_ms", "round_seconds", "gauge", "how long the newest round took", 1e-3},
    {"next_round_s", "next_round_seconds", "gauge", "until the next round begins", 1},
    {"waiting", "waiting_bundles", "gauge", "bundles without a receipt", 1},
    {"processor_ms", "processor_seconds_total", "counter", "processor time of all its processes",
	1e-3},
    {"measuring_ms", "measuring_processor_seconds_total", "counter",
	"of it, that of the processes that measure", 1e-3},
};

static const struct number of_workload[] = {
    {"took_ms", "workload_measuring_seconds", "gauge", "how long its newest measurement took",
	1e-3},
    {"spent_us", "workload_processor_seconds", "gauge", "processor time of its newest measurement",
	1e-6},
    {"dropped", "workload_dropped_bundles", "gauge",
	"its bundles that are not there, which the next one will say", 1},
    {"waiting", "workload_waiting_bundles", "gauge", "its bundles without a receipt", 1},
    {"unwatched", "workload_unwatched_files", "gauge",
	"files and directories whose changes only rounds will find", 1},
    {"findings", "workload_findings", "gauge", "findings of its newest receipt", 1},
};

static void head(FILE *to, const char *name, const char *type, const char *help);
static void print_number(FILE *to, const struct number *n, const char *workload, json_t *of);
static void print_label(FILE *to, const char *workload);
static void print_verdicts(json_t *workloads, FILE *to);
static void print_states(json_t *workloads, FILE *to);

void
status_metrics(json_t *status, FILE *to)
{
	json_t *workloads = json_object_get(status, "workloads"), *w;
	size_t i;

	for (size_t n = 0; n < COUNT(of_collector); n++) {
		head(to, of_collector[n].name, of_collector[n].type, of_collector[n].help);
		print_number(to, &of_collector[n], NULL, status);
	}
	head(to, "connected", "gauge", "whether there is a session with a signer");
	fprintf(to, "hallmark_collector_connected %d\n",
	    json_is_true(json_object_get(status, "connected")));
	print_verdicts(workloads, to);
	print_states(workloads, to);
	for (size_t n = 0; n < COUNT(of_workload); n++) {
		head(to, of_workload[n].name, of_workload[n].type, of_workload[n].help);
		json_array_foreach(workloads, i, w)
		{
			const char *name = json_string_value(json_object_get(w, "name"));

			if (name != NULL)
				print_number(to, &of_workload[n], name, w);
		}
	}
}

static void
head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to,
	    "# HELP hallmark_collector_%s %s\n"
	    "# TYPE hallmark_collector_%s %s\n",
	    name, help, name, type);
}

static void
print_number(FILE *to, const struct number *n, const char *workload, json_t *of)
{
	fprintf(to, "hallmark_collector_%s", n->name);
	if (workload != NULL)
		print_label(to, workload);
	fprintf(to, " %.15g\n", (double)json_integer_value(json_object_get(of, n->key)) * n->unit);
}

/* A name is printable by now: what the format wants escaped are these two. */
static void
print_label(FILE *to, const char *workload)
{
	fputs("{workload=\"", to);
	for (; *workload != '\0'; workload++) {
		if (*workload == '"' || *workload == '\\')
			fputc('\\', to);
		fputc(*workload, to);
	}
	fputs("\"}", to);
}

static void
print_verdicts(json_t *workloads, FILE *to)
{
	static const enum report_status all[] = {
	    REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED};
	size_t i, reported = 0;
	json_t *w;

	head(to, "workloads", "gauge", "workloads by the verdict of their newest receipt");
	for (size_t s = 0; s < COUNT(all); s++) {
		size_t count = 0;

		json_array_foreach(workloads, i, w)
		{
			const char *verdict = json_string_value(json_object_get(w, "verdict"));

			count +=
			    verdict != NULL && strcmp(verdict, report_status_name(all[s])) == 0;
		}
		fprintf(to, "hallmark_collector_workloads{verdict=\"%s\"} %zu\n",
		    report_status_name(all[s]), count);
		reported += count;
	}
	fprintf(to, "hallmark_collector_workloads{verdict=\"unknown\"} %zu\n",
	    json_array_size(workloads) - reported);
}

static void
print_states(json_t *workloads, FILE *to)
{
	uint64_t measured_s;
	const char *name, *at;
	size_t i;
	json_t *w;

	head(to, "workload_trouble", "gauge", "whether it cannot be measured or is refused");
	json_array_foreach(workloads, i, w)
	{
		if ((name = json_string_value(json_object_get(w, "name"))) == NULL)
			continue;
		fputs("hallmark_collector_workload_trouble", to);
		print_label(to, name);
		fprintf(to, " %d\n", json_is_string(json_object_get(w, "trouble")));
	}
	head(to, "workload_measured_timestamp_seconds", "gauge", "when it was measured last");
	json_array_foreach(workloads, i, w)
	{
		name = json_string_value(json_object_get(w, "name"));
		at = json_string_value(json_object_get(w, "measured"));
		if (name == NULL || at == NULL ||
		    utc_parse(view_of_string(at), &measured_s) != ERR_OK)
			continue;
		fputs("hallmark_collector_workload_measured_timestamp_seconds", to);
		print_label(to, name);
		fprintf(to, " %llu\n", (unsigned long long)measured_s);
	}
}

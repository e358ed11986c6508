#include "collector/tell/status_page.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/report/report.h"
#include "proto/span.h"
#include "proto/utc.h"

/* How a workload is, the worst first. */
static const struct shade {
	const char *verdict, *word, *colour; /* verdict NULL: of none that is known */
} shades[] = {
    {"contraindicated", "CONTRAINDICATED", "\033[1;31m"},
    {NULL, "UNKNOWN", "\033[1;35m"},
    {"warning", "WARNING", "\033[33m"},
    {"none", "NONE", "\033[36m"},
    {"affirming", "affirming", "\033[32m"},
};

#define SHADES    (sizeof(shades) / sizeof(shades[0]))
#define UNKNOWN   1
#define AFFIRMING (SHADES - 1)

struct row {
	size_t shade;
	const char *name, *why; /* why: NULL where nothing is wrong */
	uint64_t measured_s, took_ms, waiting;
};

struct page {
	FILE *to;
	bool colour;
	uint64_t now_s;
	struct row *rows;
	size_t count;
	size_t of_shade[SHADES], troubled, unwatched;
};

static bool gather(struct page *p, json_t *status);
static size_t shade_of(const char *verdict);
static uint64_t time_of(json_t *object, const char *key);
static const char *text_of(json_t *object, const char *key);
static uint64_t number_of(json_t *object, const char *key);
static int compare_rows(const void *a, const void *b);
static bool say_collector(const struct page *p, json_t *status);
static void say_hooks(const struct page *p, json_t *hooks);
static void say_acts(const struct page *p, json_t *acts);
static void say_count(const struct page *p, json_t *acts, const char *name, const char *words);
static void say_workloads(const struct page *p);
static void print_table(const struct page *p);
static void print_row(const struct page *p, const struct row *r, int name_width);

int
status_page(json_t *status, FILE *to)
{
	struct page p = {.to = to, .colour = isatty(fileno(to)) == 1};
	bool good;

	if (!gather(&p, status)) {
		(void)fprintf(stderr, "hallmark-collector: out of memory\n");
		return 1;
	}
	good = say_collector(&p, status);
	say_workloads(&p);
	qsort(p.rows, p.count, sizeof(*p.rows), compare_rows);
	print_table(&p);
	good = good && p.troubled == 0 && p.of_shade[AFFIRMING] == p.count;
	free(p.rows);
	return good ? 0 : 1;
}

static bool
gather(struct page *p, json_t *status)
{
	json_t *list = json_object_get(status, "workloads"), *w;
	size_t i;

	p->now_s = time_of(status, "time");
	if ((p->rows = calloc(json_array_size(list) + 1, sizeof(*p->rows))) == NULL)
		return false;
	json_array_foreach(list, i, w)
	{
		struct row *r = &p->rows[p->count];

		if ((r->name = text_of(w, "name")) == NULL)
			continue;
		r->shade = shade_of(text_of(w, "verdict"));
		r->why = text_of(w, "trouble");
		p->troubled += r->why != NULL;
		if (r->why == NULL)
			r->why = text_of(w, "finding");
		r->measured_s = time_of(w, "measured");
		r->took_ms = number_of(w, "took_ms");
		r->waiting = number_of(w, "waiting");
		p->unwatched += number_of(w, "unwatched") > 0;
		p->of_shade[r->shade]++;
		p->count++;
	}
	return true;
}

static size_t
shade_of(const char *verdict)
{
	for (size_t i = 0; verdict != NULL && i < SHADES; i++)
		if (shades[i].verdict != NULL && strcmp(shades[i].verdict, verdict) == 0)
			return i;
	return UNKNOWN;
}

static uint64_t
time_of(json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	uint64_t s;

	return text != NULL && utc_parse(view_of_string(text), &s) == ERR_OK ? s : 0;
}

static const char *
text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static uint64_t
number_of(json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = (x->shade > y->shade) - (x->shade < y->shade);

	if (order == 0)
		order = (x->why == NULL) - (y->why == NULL);
	return order != 0 ? order : strcmp(x->name, y->name);
}

/* Whom it speaks to, and when it looks again; false if that needs somebody. */
static bool
say_collector(const struct page *p, json_t *status)
{
	const bool connected = json_is_true(json_object_get(status, "connected"));
	const char *signer = text_of(status, "signer"), *log = text_of(status, "log");
	const char *trouble = text_of(status, "trouble");
	const uint64_t waiting = number_of(status, "waiting");
	const uint64_t until = number_of(status, "next_round_s");
	char up[SPAN_SIZE], session[SPAN_SIZE], next[SPAN_SIZE], round[SPAN_SIZE];

	fprintf(p->to, "hallmark-collector %s   up %s   ", text_of(status, "version"),
	    span_text(number_of(status, "uptime_s"), up));
	if (number_of(status, "rounds") > 0)
		fprintf(p->to, "last round took %s, next %s%s\n",
		    span_text_ms(number_of(status, "round_ms"), round), until > 0 ? "in " : "now",
		    until > 0 ? span_text(until, next) : "");
	else
		fprintf(p->to, "its first round goes on\n");
	(void)span_text(number_of(status, "session_s"), session);
	if (connected)
		fprintf(p->to, "Connected to %s for %s, log %s.\n", signer, session, log);
	else
		fprintf(p->to, "Not connected for %s%s%s.\n", session, trouble != NULL ? ": " : "",
		    trouble != NULL ? trouble : "");
	if (waiting > 0)
		fprintf(p->to, "%llu bundle%s wait%s for a receipt.\n", (unsigned long long)waiting,
		    waiting == 1 ? "" : "s", waiting == 1 ? "s" : "");
	say_hooks(p, json_object_get(status, "hooks"));
	say_acts(p, json_object_get(status, "acts"));
	return connected;
}

/* What fails may have been mended since: it is the log that needs somebody. */
static void
say_hooks(const struct page *p, json_t *hooks)
{
	const uint64_t runs = number_of(hooks, "runs"), left = number_of(hooks, "left");
	const uint64_t refused = number_of(hooks, "refused_receipts");

	if (runs > 0)
		fprintf(p->to,
		    "Hooks ran %llu time%s since the start, of which %llu failed (%llu overdue, "
		    "%llu not started).\n",
		    (unsigned long long)runs, runs == 1 ? "" : "s",
		    (unsigned long long)number_of(hooks, "failed"),
		    (unsigned long long)number_of(hooks, "overdue"),
		    (unsigned long long)number_of(hooks, "not_started"));
	if (left > 0)
		fprintf(p->to, "Processes that hooks left and that could not be ended: %llu.\n",
		    (unsigned long long)left);
	if (refused > 0)
		fprintf(p->to, "Receipts that hooks do not believe: %llu.\n",
		    (unsigned long long)refused);
}

static void
say_acts(const struct page *p, json_t *acts)
{
	if (json_is_true(json_object_get(acts, "off")))
		fprintf(
		    p->to, "NOTHING IS DONE about verdicts, whatever is granted: see the log.\n");
	say_count(p, acts, "suspended", "Workloads for which a break-glass is in force");
	say_count(
	    p, acts, "waiting", "WORKLOADS HAVE FALLEN, and nothing is done, for want of a grant");
	say_count(p, acts, "held", "What is frozen or isolated");
	say_count(p, acts, "failed", "Acts that failed");
	say_count(p, acts, "refused_grants", "Grants that were refused");
}

static void
say_count(const struct page *p, json_t *acts, const char *name, const char *words)
{
	const uint64_t count = number_of(acts, name);

	if (count > 0)
		fprintf(p->to, "%s: %llu.\n", words, (unsigned long long)count);
}

static void
say_workloads(const struct page *p)
{
	const char *before = ": ";

	fprintf(p->to, "%zu workload%s", p->count, p->count == 1 ? "" : "s");
	for (size_t i = 0; i < SHADES; i++) {
		if (p->of_shade[i] == 0)
			continue;
		fprintf(p->to, "%s%s%zu %s%s", before, p->colour ? shades[i].colour : "",
		    p->of_shade[i],
		    shades[i].verdict != NULL ? shades[i].verdict
					      : "without a receipt since the start",
		    p->colour ? "\033[0m" : "");
		before = ", ";
	}
	fputs(".\n", p->to);
	if (p->unwatched > 0)
		fprintf(p->to,
		    "%zu of them cannot be watched as a whole: a change may be found only at the "
		    "interval. More: sysctl fs.inotify.max_user_instances (one a workload) and "
		    "max_user_watches (one a file), for all that this user runs.\n",
		    p->unwatched);
}

static void
print_table(const struct page *p)
{
	int width = (int)strlen("WORKLOAD");

	for (size_t i = 0; i < p->count; i++)
		if ((int)strlen(p->rows[i].name) > width)
			width = (int)strlen(p->rows[i].name);
	fprintf(p->to, "\n%-15s  %-*s  %8s  %6s  %7s  %s\n", "VERDICT", width, "WORKLOAD",
	    "MEASURED", "TOOK", "WAITING", "WHY");
	for (size_t i = 0; i < p->count; i++)
		print_row(p, &p->rows[i], width);
}

static void
print_row(const struct page *p, const struct row *r, int name_width)
{
	const struct shade *shade = &shades[r->shade];
	char measured[SPAN_SIZE] = "-", took[SPAN_SIZE] = "-";

	if (r->measured_s > 0) {
		(void)span_text(p->now_s > r->measured_s ? p->now_s - r->measured_s : 0, measured);
		(void)span_text_ms(r->took_ms, took);
	}
	fprintf(p->to, "%s%-15s%s  %-*s  %8s  %6s  %7llu  %s\n", p->colour ? shade->colour : "",
	    shade->word, p->colour ? "\033[0m" : "", name_width, r->name, measured, took,
	    (unsigned long long)r->waiting, r->why != NULL ? r->why : "");
}

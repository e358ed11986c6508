#include "signer/status/status_summary.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "policy/appraisal/finding.h"
#include "proto/span.h"
#include "signer/loading/ends.h"
#include "signer/status/status_feeds.h"
#include "signer/status/status_groups.h"
#include "trust/expiry.h"

#define WIDTH_DEFAULT 80 /* columns; also of what is no terminal but wants to be read on one */

/* Hosts that a row names before it counts. */
#define HOSTS_NAMED 3

/* The verdicts, the worst first, as they are said and shown. */
static const struct shade {
	const char *verdict, *word, *colour;
} shades[] = {
    {"contraindicated", "CONTRAINDICATED", "\033[1;31m"},
    {"silent", "SILENT", "\033[1;35m"},
    {"warning", "WARNING", "\033[33m"},
    {"none", "NONE", "\033[36m"},
    {"affirming", "affirming", "\033[32m"},
};

#define SHADES    (sizeof(shades) / sizeof(shades[0]))
#define AFFIRMING (SHADES - 1)

/* One workload, as it was told. */
struct item {
	size_t shade;
	const char *workload, *collector, *finding, *last;
	time_t since, seen;
};

/* Items that follow each other and are alike. */
struct row {
	const struct item *first;
	size_t count;
};

/* How wide the columns are. */
struct columns {
	int workload, host, why;
};

struct page {
	FILE *to;
	bool colour;
	time_t now;
	size_t prefix; /* bytes that all collectors' names begin with */
	struct item *items;
	size_t item_count;
	size_t count[SHADES];
	size_t hosts;
};

static bool gather(struct page *p, json_t *status);
static size_t shade_of(const char *verdict);
static time_t time_of(json_t *object, const char *key);
static int compare_items(const void *a, const void *b);
static int compare_hosts(const void *a, const void *b);
static bool count_hosts(struct page *p);
static bool say_signer(const struct page *p, json_t *status);
static void say_revoked(const struct page *p, json_t *revoked);
static bool say_expiry(const struct page *p, json_t *ends);
static void say_sentence(const struct page *p);
static void print_rows(const struct page *p, bool all);
static struct row row_at(const struct page *p, size_t at, bool alone);
static struct columns columns_of(const struct page *p, size_t rows_max, bool all);
static void print_row(const struct page *p, const struct columns *c, const struct row *r);
static size_t host_text(const struct page *p, const struct row *r, char *to, size_t size);
static size_t why_text(const struct page *p, const struct row *r, char *to, size_t size);
static void print_cut(const struct page *p, const char *text, int width);
static const char *thousands(size_t number, char to[32]);

int
status_summary(json_t *status, bool all, FILE *to)
{
	struct page p = {.to = to, .colour = isatty(fileno(to)) == 1};
	bool good;

	if (!gather(&p, status) || !count_hosts(&p)) {
		free(p.items);
		fprintf(stderr, "hallmark-signer: out of memory\n");
		return 1;
	}
	good = say_signer(&p, status);
	say_sentence(&p);
	qsort(p.items, p.item_count, sizeof(*p.items), compare_items);
	if (all || p.count[AFFIRMING] < p.item_count)
		print_rows(&p, all);
	good = good && p.count[AFFIRMING] == p.item_count;
	free(p.items);
	return good ? 0 : 1;
}

static bool
gather(struct page *p, json_t *status)
{
	json_t *list = json_object_get(status, "list"), *one;
	size_t i;

	p->now = time_of(status, "time");
	p->items = calloc(json_array_size(list) + 1, sizeof(*p->items));
	if (p->items == NULL)
		return false;
	json_array_foreach(list, i, one)
	{
		struct item *item = &p->items[p->item_count];
		const char *verdict = json_string_value(json_object_get(one, "verdict"));

		item->workload = json_string_value(json_object_get(one, "workload"));
		item->collector = json_string_value(json_object_get(one, "collector"));
		item->finding = json_string_value(json_object_get(one, "finding"));
		item->last = json_string_value(json_object_get(one, "last"));
		item->since = time_of(one, "since");
		item->seen = time_of(one, "seen");
		if (verdict == NULL || item->workload == NULL || item->collector == NULL ||
		    item->finding == NULL || item->last == NULL)
			continue;
		item->shade = shade_of(verdict);
		p->count[item->shade]++;
		p->item_count++;
	}
	return true;
}

/* One that this version does not know is as bad as the worst. */
static size_t
shade_of(const char *verdict)
{
	for (size_t i = 0; i < SHADES; i++)
		if (strcmp(shades[i].verdict, verdict) == 0)
			return i;
	return 0;
}

static time_t
time_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	struct tm utc;

	memset(&utc, 0, sizeof(utc));
	return text != NULL && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc) != NULL ? timegm(&utc)
										  : 0;
}

/* The worst first; what is alike stands together, the newest change first. */
static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = (x->shade > y->shade) - (x->shade < y->shade);

	if (order == 0)
		order = strcmp(x->workload, y->workload);
	if (order == 0)
		order = strcmp(x->finding, y->finding);
	if (order == 0)
		order = strcmp(x->last, y->last);
	if (order == 0)
		order = strcmp(x->collector, y->collector);
	return order;
}

static int
compare_hosts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many there are, and what all their names begin with, to the last slash: that is left out. */
static bool
count_hosts(struct page *p)
{
	const char **names = calloc(p->item_count + 1, sizeof(*names));
	const char *first, *last;

	if (names == NULL)
		return false;
	for (size_t i = 0; i < p->item_count; i++)
		names[i] = p->items[i].collector;
	qsort(names, p->item_count, sizeof(*names), compare_hosts);
	for (size_t i = 0; i < p->item_count; i++)
		p->hosts += i == 0 || strcmp(names[i], names[i - 1]) != 0;
	if (p->item_count > 0) {
		first = names[0];
		last = names[p->item_count - 1];
		for (size_t i = 0; first[i] != '\0' && first[i] == last[i]; i++)
			if (first[i] == '/')
				p->prefix = i + 1;
	}
	free(names);
	return true;
}

/* The log, and how its signer is; false if it needs somebody itself. */
static bool
say_signer(const struct page *p, json_t *status)
{
	const char *key = json_string_value(json_object_get(status, "key_process"));
	const char *storage = json_string_value(json_object_get(status, "storage"));
	const char *waiting = json_string_value(json_object_get(status, "policy_waiting"));
	json_t *signed_ms = json_object_get(status, "signature_age_ms");
	json_t *free_mib = json_object_get(status, "storage_free_mib");
	const bool up = key != NULL && strcmp(key, "up") == 0;
	const bool low = storage != NULL && strcmp(storage, "low") == 0;
	const char *clock = json_string_value(json_object_get(status, "clock"));
	const bool trusted = clock == NULL || strcmp(clock, "trusted") == 0;
	const char *end = json_string_value(json_object_get(status, "key_process_end"));
	const char *retired = json_string_value(json_object_get(status, "key_retired_since"));
	const char *refused = json_string_value(json_object_get(status, "reload_refused"));
	char span[SPAN_SIZE];
	bool feeds_good;

	fprintf(p->to, "%s   up %s", json_string_value(json_object_get(status, "log")),
	    span_text((uint64_t)json_integer_value(json_object_get(status, "uptime_s")), span));
	if (json_is_integer(signed_ms))
		fprintf(p->to, "   signed %s ago",
		    span_text_ms((uint64_t)json_integer_value(signed_ms), span));
	fprintf(p->to, "   token %s", up ? "ok" : key);
	if (json_is_integer(free_mib))
		fprintf(p->to, "   %.1f GiB free", (double)json_integer_value(free_mib) / 1024);
	fputc('\n', p->to);
	if (!up)
		fprintf(p->to,
		    "The key process is not up: reports are kept, and none is "
		    "acknowledged.%s%s\n",
		    end != NULL ? " Why: " : "", end != NULL ? end : "");
	if (retired != NULL)
		fprintf(p->to,
		    "Operators say that others may have the log's key since %s: what it signs "
		    "proves "
		    "nothing. Let another follow (hallmark-hsm rotate), then close this one "
		    "(hallmark-hsm retire).\n",
		    retired);
	if (low)
		fprintf(p->to, "The disk is nearly full: bundles are refused (storage-low).\n");
	if (!trusted)
		fprintf(p->to,
		    "The clock is not to be trusted (%s): bundles are refused. Set it right, and "
		    "have NTP or PTP keep it; the log's line `clock` says more.\n",
		    clock);
	if (waiting != NULL)
		fprintf(p->to, "Policy %.*s waits for approvals: %lld of %lld.\n",
		    (int)strcspn(waiting, "@"), waiting,
		    json_integer_value(json_object_get(status, "approvals_found")),
		    json_integer_value(json_object_get(status, "approvals_needed")));
	status_groups_say(status, p->to);
	say_revoked(p, json_object_get(status, "revoked"));
	feeds_good = status_feeds_say(json_object_get(status, "feeds"), p->to);
	if (refused != NULL)
		fprintf(p->to,
		    "The reload at %s was refused: what was in force before it still is. "
		    "`hallmark-signer check` names the faults; mend them, then SIGHUP.\n",
		    refused);
	return !say_expiry(p, json_object_get(status, "expiry")) && up && !low && trusted &&
	       feeds_good && waiting == NULL && retired == NULL && refused == NULL;
}

/* It is meant, and so nothing that needs somebody. */
static void
say_revoked(const struct page *p, json_t *revoked)
{
	const char *name;
	size_t i;
	json_t *one, *value;

	json_array_foreach(revoked, i, one)
	{
		fputs("Revoked:", p->to);
		json_object_foreach(json_object_get(one, "subject"), name, value)
		    fprintf(p->to, " %s %s", name, json_string_value(value));
		fprintf(p->to, ", until %s: %s\n", json_string_value(json_object_get(one, "until")),
		    json_string_value(json_object_get(one, "reason")));
	}
}

/*
 * What is over, or will be soon; whether anything is over that somebody has to do something about:
 * a window ends by itself, and whom it leaves behind is seen among the workloads.
 */
static bool
say_expiry(const struct page *p, json_t *ends)
{
	bool over = false;
	const char *of;
	char span[SPAN_SIZE];
	json_t *end;

	json_object_foreach(ends, of, end)
	{
		json_t *left = json_object_get(end, "left_s");
		const json_int_t left_s = json_integer_value(left);
		const char *state = json_string_value(json_object_get(end, "state")), *words;

		if (!json_is_integer(left) || state == NULL ||
		    strcmp(state, expiry_state_name(EXPIRY_FAR)) == 0)
			continue;
		over = over || (left_s < 0 && strcmp(of, ends_name(ENDS_POLICY_WINDOW)) != 0);
		if (strcmp(of, ends_name(ENDS_POLICY_REVIEW)) == 0)
			words = left_s < 0 ? "should have been looked through for"
					   : "is to be looked through in";
		else
			words = left_s < 0 ? "has been over for" : "ends in";
		fprintf(p->to, "%s: %s %s %s.%s\n", of,
		    json_string_value(json_object_get(end, "name")), words,
		    span_text((uint64_t)(left_s < 0 ? -left_s : left_s), span),
		    left_s < 0 && strcmp(of, ends_name(ENDS_POLICY_WINDOW)) == 0
			? " `hallmark-signer policy window FILE --family NAME --close` takes it "
			  "out."
			: "");
	}
	return over;
}

/* How many are how, the worst first. */
static void
say_sentence(const struct page *p)
{
	const char *before = ": ";
	char number[32];

	if (p->item_count == 0) {
		fprintf(p->to, "No workload has reported yet.\n");
		return;
	}
	fprintf(p->to, "%s workload%s", thousands(p->item_count, number),
	    p->item_count == 1 ? "" : "s");
	fprintf(p->to, " on %s host%s", thousands(p->hosts, number), p->hosts == 1 ? "" : "s");
	for (size_t i = 0; i < SHADES; i++) {
		if (p->count[i] == 0)
			continue;
		fprintf(p->to, "%s%s%s %s%s", before, p->colour ? shades[i].colour : "",
		    thousands(p->count[i], number), shades[i].verdict, p->colour ? "\033[0m" : "");
		before = ", ";
	}
	fputc('\n', p->to);
}

static void
print_rows(const struct page *p, bool all)
{
	const size_t troubled = p->item_count - p->count[AFFIRMING];
	const size_t end = all ? p->item_count : troubled;
	struct columns c = columns_of(p, all ? SIZE_MAX : STATUS_ROWS_MAX, all);
	size_t at = 0, rows = 0;
	struct row r;
	char number[32];

	fprintf(p->to, "\n%-15s  %-*s  %-*s  %-5s  %-5s  %s\n", "VERDICT", c.workload, "WORKLOAD",
	    c.host, "HOST", "SINCE", "SEEN", "WHY");
	for (; at < end && (all || rows < STATUS_ROWS_MAX); at += r.count, rows++) {
		r = row_at(p, at, all);
		print_row(p, &c, &r);
	}
	if (at < end)
		fprintf(p->to, "...  %s more need somebody: --all\n", thousands(end - at, number));
	else if (!all && p->count[AFFIRMING] > 0)
		fprintf(p->to, "...  %s more %s affirming: --all\n",
		    thousands(p->count[AFFIRMING], number),
		    p->count[AFFIRMING] == 1 ? "is" : "are");
}

static struct row
row_at(const struct page *p, size_t at, bool alone)
{
	const struct item *x = &p->items[at];
	struct row r = {x, 1};

	while (!alone && at + r.count < p->item_count) {
		const struct item *y = &p->items[at + r.count];

		if (x->shade != y->shade || strcmp(x->workload, y->workload) != 0 ||
		    strcmp(x->finding, y->finding) != 0 || strcmp(x->last, y->last) != 0)
			break;
		r.count++;
	}
	return r;
}

/* As wide as what is shown; the last one gets what the terminal has left. */
static struct columns
columns_of(const struct page *p, size_t rows_max, bool all)
{
	const size_t end = all ? p->item_count : p->item_count - p->count[AFFIRMING];
	struct columns c = {8, 4, 0};
	struct winsize window;
	char host[512];
	size_t rows = 0;
	int width = WIDTH_DEFAULT;
	struct row r;

	for (size_t at = 0; at < end && rows < rows_max; at += r.count, rows++) {
		r = row_at(p, at, all);
		if ((int)strlen(r.first->workload) > c.workload)
			c.workload = (int)strlen(r.first->workload);
		if ((int)host_text(p, &r, host, sizeof(host)) > c.host)
			c.host = (int)strlen(host);
	}
	if (p->colour && ioctl(fileno(p->to), TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
		width = window.ws_col;
	c.why = p->colour ? width - 15 - c.workload - c.host - 5 - 5 - 10 : 0;
	if (c.why < 0)
		c.why = 20; /* of a window too narrow for all: lines wrap */
	return c;
}

static void
print_row(const struct page *p, const struct columns *c, const struct row *r)
{
	const struct shade *shade = &shades[r->first->shade];
	char since[SPAN_SIZE], seen[SPAN_SIZE], host[512], why[512];
	time_t newest = r->first->since, latest = r->first->seen;

	for (size_t i = 1; i < r->count; i++) {
		newest = r->first[i].since > newest ? r->first[i].since : newest;
		latest = r->first[i].seen > latest ? r->first[i].seen : latest;
	}
	(void)host_text(p, r, host, sizeof(host));
	(void)why_text(p, r, why, sizeof(why));
	fprintf(p->to, "%s%-15s%s  %-*s  %-*s  %-5s  %-5s  ", p->colour ? shade->colour : "",
	    shade->word, p->colour ? "\033[0m" : "", c->workload, r->first->workload, c->host, host,
	    span_text((uint64_t)(p->now > newest ? p->now - newest : 0), since),
	    span_text((uint64_t)(p->now > latest ? p->now - latest : 0), seen));
	print_cut(p, why, c->why);
	fputc('\n', p->to);
}

/* "host-02, host-03, host-05 .. (7)" */
static size_t
host_text(const struct page *p, const struct row *r, char *to, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < r->count && i < HOSTS_NAMED && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s%s", i > 0 ? ", " : "",
		    r->first[i].collector + p->prefix);
	if (r->count > HOSTS_NAMED && at < size)
		at += (size_t)snprintf(to + at, size - at, " .. (%zu)", r->count);
	return at < size ? at : size - 1;
}

static size_t
why_text(const struct page *p, const struct row *r, char *to, size_t size)
{
	const struct item *item = r->first;
	const enum finding f = finding_of_code(view_of_string(item->finding));
	const struct view words = f < FINDING_COUNT ? finding_sentence(f) : view_of_string("");

	(void)p;
	if (strcmp(shades[item->shade].verdict, "silent") == 0)
		return (size_t)snprintf(
		    to, size, "no report came in time; the last was %s", item->last);
	if (item->shade == AFFIRMING)
		return (size_t)snprintf(to, size, "%s", "");
	if (words.size == 0)
		return (size_t)snprintf(to, size, "%s", item->finding);
	return (size_t)snprintf(
	    to, size, "%s: %.*s", item->finding, (int)words.size, (const char *)words.data);
}

static void
print_cut(const struct page *p, const char *text, int width)
{
	if (width > 2 && (int)strlen(text) > width)
		fprintf(p->to, "%.*s..", width - 2, text);
	else
		fputs(text, p->to);
}

/* "1,204" */
static const char *
thousands(size_t number, char to[32])
{
	char digits[24];
	const size_t count = (size_t)snprintf(digits, sizeof(digits), "%zu", number);
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && (count - i) % 3 == 0)
			to[at++] = ',';
		to[at++] = digits[i];
	}
	to[at] = '\0';
	return to;
}

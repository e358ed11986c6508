/*
 * A log's view without a register around it: for tests of what is answered, and for measuring.
 *
 *   view take LOG VIEW [--batch N [--evidence DIRECTORY]]
 *                                      reads the log directory, all of it, into the view's file
 *   view fill VIEW HOSTS REPORTS CHANGE
 *                                      a made log of so many reports of so many hosts, each with
 * one workload; what one states changes with every CHANGEth report view ask NAME LOG VIEW [--see
 * PATTERN] answers requests from stdin, a line each: PATH or PATH?QUERY; gives for each: "STATUS
 * SIZE MICROSECONDS\n" and the body
 *
 * `take` believes the log: every entry counts as checked, every verdict as made again. It prints
 * one JSON object. --see: who asks may see workloads of this pattern alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "log/log_reader.h"
#include "proto/encoding.h"
#include "proto/glob.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tile.h"
#include "register/alert/alerting.h"
#include "register/answer/answer.h"
#include "register/view/view_writer.h"

struct documents {
	struct report_document report;
	struct absence_document absence;
	struct notice_document notice;
};

static void take(const char *log, const char *view, uint64_t batch, const char *evidence);
static void tell(struct view_writer *w, struct documents *d, uint64_t index, struct view bytes,
    struct followed_state *state, double *writing);
static void ask(const char *name, const char *log, const char *view, const char *see);
static void fill(const char *view, uint64_t hosts, uint64_t reports, uint64_t change);
static void make_report(struct report *r, uint64_t host, uint64_t round, uint64_t change);
static bool may_see(void *context, struct view log, struct view workload);
static double now_s(void);
static void must(bool good, const char *what);

int
main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "take") == 0)
		take(argv[2], argv[3],
		    argc >= 6 && strcmp(argv[4], "--batch") == 0 ? strtoull(argv[5], NULL, 10)
								 : 4096,
		    argc == 8 && strcmp(argv[6], "--evidence") == 0 ? argv[7] : NULL);
	else if (argc == 6 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
		    strtoull(argv[5], NULL, 10));
	else if (argc >= 5 && strcmp(argv[1], "ask") == 0)
		ask(argv[2], argv[3], argv[4],
		    argc == 7 && strcmp(argv[5], "--see") == 0 ? argv[6] : NULL);
	else
		must(false, "expected take LOG VIEW [--batch N [--evidence DIRECTORY]], or ask "
			    "NAME LOG VIEW [--see PATTERN]");
	return 0;
}

static void
take(const char *directory, const char *path, uint64_t batch, const char *evidence)
{
	static struct documents d = {
	    REPORT_DOCUMENT_INIT, ABSENCE_DOCUMENT_INIT, NOTICE_DOCUMENT_INIT};
	struct log_reader log;
	struct view_writer *w;
	struct followed_state state = {0};
	struct buf bundle = BUF_INIT;
	struct view rest, entry;
	double begin, writing = 0;
	uint64_t index = 0;
	bool exact;

	must(log_open_unproved(&log, directory) == ERR_OK, directory);
	must(view_writer_open(path, evidence, &w) == ERR_OK, path);
	begin = now_s();
	state.checkpoint = buf_view(&log.note);
	state.size = log.checkpoint.size;
	while (index < log.checkpoint.size) {
		must(log_read_entries(&log, index / TILE_WIDTH, &bundle, &exact) == ERR_OK,
		    "entries");
		rest = buf_view(&bundle);
		do {
			must(tile_entry_next(&rest, &entry) == ERR_OK, "entry");
			tell(w, &d, index++, entry, &state, &writing);
			if (index % batch == 0 || index == log.checkpoint.size) {
				const double before = now_s();

				state.checked_to = state.replayed_to = index;
				view_writer_state(w, &state);
				writing += now_s() - before;
			}
		} while (index % TILE_WIDTH != 0 && index < log.checkpoint.size);
	}
	begin = now_s() - begin;
	must(!view_writer_failed(w) && view_writer_commit(w) == ERR_OK, "view");
	printf("{\"entries\":%llu,\"seconds\":%.3f,\"writing\":%.3f}\n",
	    (unsigned long long)view_writer_committed(w), begin, writing);
	view_writer_close(&w);
	log_close(&log);
	buf_free(&bundle);
	report_document_free(&d.report);
	absence_document_free(&d.absence);
	notice_document_free(&d.notice);
}

static void
tell(struct view_writer *w, struct documents *d, uint64_t index, struct view bytes,
    struct followed_state *state, double *writing)
{
	struct followed_entry e = {
	    .index = index, .kind = entry_kind(bytes), .bytes = bytes, .outcome = OUTCOME_GOOD};
	double before;

	merkle_leaf(bytes, &e.leaf);
	if (e.kind == ENTRY_REPORT && report_parse(bytes, &d->report) == ERR_OK) {
		e.report = &d->report.report;
		e.issued_s = e.report->issued_s;
		if (e.report->bundle.next_s > 0)
			e.due_s = e.issued_s + e.report->bundle.next_s;
	} else if (e.kind == ENTRY_ABSENCE && absence_parse(bytes, &d->absence) == ERR_OK) {
		e.absence = &d->absence.absence;
		e.issued_s = e.absence->issued_s;
	} else if (e.kind == ENTRY_NOTICE && notice_parse(bytes, &d->notice) == ERR_OK) {
		e.notice = &d->notice.notice;
		e.issued_s = e.notice->issued_s;
	} else {
		e.outcome = OUTCOME_BAD;
	}
	state->newest_issued_s = e.issued_s;
	before = now_s();
	view_writer_entry(w, &e);
	*writing += now_s() - before;
}

static void
fill(const char *path, uint64_t hosts, uint64_t reports, uint64_t change)
{
	static struct report r;
	struct followed_entry e = {.kind = ENTRY_REPORT, .report = &r};
	struct followed_state state = {.checkpoint = VIEW_LITERAL("")};
	struct view_writer *w;
	struct rusage used;
	double begin = now_s();

	must(hosts > 0 && change > 0 && view_writer_open(path, NULL, &w) == ERR_OK, path);
	for (uint64_t i = 0; i < reports; i++) {
		make_report(&r, i % hosts, i / hosts, change);
		e.index = i;
		e.issued_s = r.issued_s;
		e.due_s = e.issued_s + 120;
		view_writer_entry(w, &e);
		if (i % 4096 == 4095) {
			state.checked_to = state.replayed_to = i + 1;
			state.newest_issued_s = e.issued_s;
			view_writer_state(w, &state);
		}
	}
	state.checked_to = state.replayed_to = reports;
	view_writer_state(w, &state);
	must(!view_writer_failed(w) && view_writer_commit(w) == ERR_OK, "view");
	begin = now_s() - begin;
	getrusage(RUSAGE_SELF, &used);
	printf("{\"reports\":%llu,\"seconds\":%.2f,\"per_second\":%.0f,\"memory_mib\":%.0f}\n",
	    (unsigned long long)reports, begin, (double)reports / begin,
	    (double)used.ru_maxrss / 1024);
	view_writer_close(&w);
}

/* Hosts are of 20 sorts; every seventh state has findings. */
static void
make_report(struct report *r, uint64_t host, uint64_t round, uint64_t change)
{
	static char collector[64];
	const uint64_t version = (round + host % change) / change, sort = host % 20;

	(void)snprintf(collector, sizeof(collector), "spiffe://bank.example/collector/host-%llu",
	    (unsigned long long)host);
	r->issued_s = 1795514400 + round * 60;
	r->expires_s = r->issued_s + 3600;
	r->issuer = VIEW_LITERAL("hallmark.test/filled");
	r->collector = view_of_string(collector);
	r->policy_id = VIEW_LITERAL(
	    "trading@sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f");
	r->status = REPORT_AFFIRMING;
	r->claim[REPORT_EXECUTABLES] = 2;
	r->reference_count = 3;
	r->bundle.workload = VIEW_LITERAL("trading-engine.service");
	r->finding_count = r->finding_total = 0;
	for (unsigned i = 0; i < 5; i++) {
		struct bundle_component *c = &r->bundle.component[i * 2 % COMPONENT_KIND_COUNT];

		c->present = true;
		c->count = 100;
		c->size = 12000;
		memset(&c->digest, (int)sort + 1, sizeof(c->digest));
		be64_put(c->digest.bytes, i);
		/* Each host has one component of its own: addresses, mounts. */
		be64_put(c->digest.bytes + 8, i == 0 ? host * 1000 + version : version);
		/* And all have one in common, which never changes. */
		if (i == 4)
			memset(&c->digest, 1, sizeof(c->digest));
	}
	if ((version + host) % 7 != 0)
		return;
	r->status = REPORT_WARNING;
	r->finding_count = r->finding_total = 2;
	r->finding[0] = (struct report_finding){VIEW_LITERAL("packages"),
	    VIEW_LITERAL("vulnerable"), VIEW_LITERAL("openssl"),
	    VIEW_LITERAL("DSA-5764-1 is known of openssl 3.0.14-1~deb12u1")};
	r->finding[1] = (struct report_finding){VIEW_LITERAL("files"), VIEW_LITERAL("changed-file"),
	    VIEW_LITERAL("/etc/trading/limits.conf"), VIEW_LITERAL("expected another content")};
}

/* They are read behind the start, as the view is large. */
static void
wait_for_alerts(struct alerting *alerts)
{
	const double until = now_s() + 2;
	bool up_to_date = false;

	while (!up_to_date && now_s() < until) { /* a view may be damaged, or not be there */
		(void)alerting_take(alerts, 0, &up_to_date);
		alerting_give_back(alerts);
		(void)sched_yield();
	}
}

static void
ask(const char *name, const char *directory, const char *path, const char *see)
{
	const struct alerting_log alerted = {name, path, NULL};
	struct answer_log log = {.name = name, .view = path, .directory = directory};
	struct scope scope = {(void *)(uintptr_t)see, see != NULL ? may_see : NULL};
	struct answerer *a;
	struct answer answer;
	char line[8192];
	double before;

	must(alerting_start(&alerted, 1, &log.alerts) == ERR_OK, "alerts");
	must(answerer_new(&log, 1, &a) == ERR_OK, "answerer");
	wait_for_alerts(log.alerts);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct view request = view_of_string(line), query = {NULL, 0};
		const uint8_t *mark;

		request.size -= request.size > 0 && line[request.size - 1] == '\n';
		if ((mark = memchr(request.data, '?', request.size)) != NULL) {
			query.data = mark + 1;
			query.size = request.size - (size_t)(query.data - request.data);
			request.size = (size_t)(mark - request.data);
		}
		before = now_s();
		answer_get(a, request, query, &scope, &answer);
		printf("%u %zu %.0f\n", answer.status, answer.body.size, (now_s() - before) * 1e6);
		fwrite(answer.body.data, 1, answer.body.size, stdout);
		(void)fflush(stdout);
		buf_free(&answer.body);
	}
	answerer_free(&a);
	alerting_stop(&log.alerts);
}

static bool
may_see(void *context, struct view log, struct view workload)
{
	(void)log;
	return workload.size == 0 || glob_match(view_of_string(context), workload, GLOB_TEXT);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "view: %s\n", what);
	exit(1);
}

#include "signer/trial/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log/evidence_reader.h"
#include "log/inputfile.h"
#include "log/log_reader.h"
#include "log/stored/rehearsal.h"
#include "proto/report/entry.h"
#include "proto/report/entry_issued.h"
#include "proto/report/report.h"
#include "proto/tlog/note.h"
#include "proto/tlog/tile.h"
#include "signer/trial/trial_print.h"

#define TOLD_EVERY_MS 200 /* progress, on a terminal */

struct trial {
	const struct trial_options *options;
	struct policy *policy;
	struct log_reader log;
	struct evidence_reader *evidence;
	struct rehearsal *rehearsal;
	struct trial_results *results;
	struct report_document document;
	struct buf bundle; /* of entries */
	uint64_t since_s;  /* 0: all count */
	uint64_t told_ms;
	struct trial_summary summary;
};

static bool open_all(struct trial *t);
static bool open_log(struct trial *t);
static enum err parse_checkpoint(struct view note, struct checkpoint *out);
static void close_all(struct trial *t);
static uint64_t find_begin(struct trial *t, uint64_t tiles);
static bool time_of_tile(struct trial *t, uint64_t tile, uint64_t *out);
static enum err try_all(struct trial *t);
static enum err try_tile(struct trial *t, uint64_t tile);
static enum err try_report(struct trial *t, uint64_t index, struct view entry);
static int tell(struct trial *t, FILE *to);
static void progress(struct trial *t, uint64_t done, uint64_t of);
static uint64_t now_ms(void);
static bool fail(const char *what, const char *why);

int
trial_run(const struct trial_options *options, FILE *to)
{
	struct trial t = {.options = options,
	    .log = {.dir = -1, .note = BUF_INIT},
	    .document = REPORT_DOCUMENT_INIT,
	    .bundle = BUF_INIT};
	int result = TRIAL_EXIT_UNKNOWN;
	enum err e;

	if (open_all(&t)) {
		if ((e = try_all(&t)) == ERR_OK)
			result = tell(&t, to);
		else
			(void)fail(options->log, err_text(e));
	}
	close_all(&t);
	return result;
}

static bool
open_all(struct trial *t)
{
	const struct findings quiet = {.tell = NULL};
	struct faults faults = FAULTS_INIT;
	const bool good = policy_load(t->options->policy, &faults, &t->policy) == ERR_OK;

	faults_print(&faults, stderr);
	faults_free(&faults);
	if (!good || !open_log(t))
		return false;
	if (evidence_reader_open(t->options->evidence, &quiet, &t->evidence) != OUTCOME_GOOD)
		return fail(t->options->evidence, "expected the signer's evidence, found none that "
						  "can be read");
	t->rehearsal = rehearsal_new(t->evidence, t->policy);
	t->results = trial_results_new();
	return (t->rehearsal != NULL && t->results != NULL) ||
	       fail("policy try", err_text(ERR_MEMORY));
}

static bool
open_log(struct trial *t)
{
	enum err e;

	t->log.dir = open(t->options->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->log.dir < 0)
		return fail(t->options->log, strerror(errno));
	e = inputfile_read(t->log.dir, "checkpoint", NOTE_SIZE_MAX, &t->log.note);
	if (e != ERR_OK)
		return fail("its checkpoint", inputfile_reason(e));
	e = parse_checkpoint(buf_view(&t->log.note), &t->log.checkpoint);
	return e == ERR_OK || fail("its checkpoint", err_text(e));
}

/* The text of a note ends before its first empty line. */
static enum err
parse_checkpoint(struct view note, struct checkpoint *out)
{
	const uint8_t *end = memmem(note.data, note.size, "\n\n", 2);

	if (end == NULL)
		return ERR_FORMAT;
	return checkpoint_parse((struct view){note.data, (size_t)(end + 1 - note.data)}, out);
}

static void
close_all(struct trial *t)
{
	trial_results_free(&t->results);
	rehearsal_free(&t->rehearsal);
	evidence_reader_close(&t->evidence);
	log_close(&t->log);
	policy_free(&t->policy);
	report_document_free(&t->document);
	buf_free(&t->bundle);
}

static enum err
try_all(struct trial *t)
{
	const uint64_t size = t->log.checkpoint.size, began_ms = now_ms();
	const uint64_t tiles = size / TILE_WIDTH + (size % TILE_WIDTH != 0);
	const uint64_t first = t->options->last_s > 0 ? find_begin(t, tiles) : 0;
	enum err e = ERR_OK;

	for (uint64_t tile = first; e == ERR_OK && tile < tiles; tile++) {
		e = try_tile(t, tile);
		progress(t, tile - first + 1, tiles - first);
	}
	t->summary.took_ms = now_ms() - began_ms;
	return e;
}

/*
 * The first tile that has an entry of the wanted time; times of entries rise, but for a clock that
 * operators have corrected: then it is any of those where they meet. A tile that has no time is
 * not passed over: so none of the wanted time is, and what cannot be read is counted.
 */
static uint64_t
find_begin(struct trial *t, uint64_t tiles)
{
	uint64_t begin = 0, below = tiles, time_s;

	while (below > 0 && !time_of_tile(t, below - 1, &time_s))
		below--;
	if (below == 0)
		return 0;
	t->since_s = time_s > t->options->last_s ? time_s - t->options->last_s : 0;
	for (below--; begin < below;) {
		const uint64_t middle = begin + (below - begin) / 2;

		if (time_of_tile(t, middle, &time_s) && time_s < t->since_s)
			begin = middle + 1;
		else
			below = middle;
	}
	return begin;
}

/* Of the last entry of a tile that can be read and has a time. */
static bool
time_of_tile(struct trial *t, uint64_t tile, uint64_t *out)
{
	struct view rest, entry;
	bool exact, found = false;

	if (log_read_entries(&t->log, tile, &t->bundle, &exact) != ERR_OK)
		return false;
	rest = buf_view(&t->bundle);
	while (rest.size > 0 && tile_entry_next(&rest, &entry) == ERR_OK)
		found |= entry_issued(entry, out) == ERR_OK;
	return found;
}

/* What cannot be read is counted: the rest is worth knowing. */
static enum err
try_tile(struct trial *t, uint64_t tile)
{
	const uint64_t size = t->log.checkpoint.size, first = tile * TILE_WIDTH;
	const uint64_t count = size - first < TILE_WIDTH ? size - first : TILE_WIDTH;
	struct view rest, entry;
	bool exact;
	enum err e = log_read_entries(&t->log, tile, &t->bundle, &exact);

	if (e != ERR_OK) {
		t->summary.unreadable += count;
		return ERR_OK;
	}
	rest = buf_view(&t->bundle);
	for (uint64_t i = 0; e == ERR_OK && i < count; i++) {
		if (tile_entry_next(&rest, &entry) != ERR_OK) {
			t->summary.unreadable += count - i;
			break;
		}
		if (entry_kind(entry) == ENTRY_REPORT)
			e = try_report(t, first + i, entry);
		else if (entry_kind(entry) == ENTRY_NONE)
			t->summary.unreadable++;
	}
	return e;
}

static enum err
try_report(struct trial *t, uint64_t index, struct view entry)
{
	const struct report *r = &t->document.report;
	struct trial_workload *w;
	struct rehearsed again;
	int was;
	enum err e;

	if (report_parse(entry, &t->document) != ERR_OK) {
		t->summary.unreadable++;
		return ERR_OK;
	}
	if (r->issued_s < t->since_s)
		return ERR_OK;
	if ((w = trial_results_find(t->results, t->policy, r)) == NULL)
		return ERR_MEMORY;
	if (t->summary.reports++ == 0)
		t->summary.from_s = r->issued_s;
	t->summary.to_s = r->issued_s;
	was = report_status_rank(r->status);
	e = rehearsal_report(t->rehearsal, r, w->rule, &again);
	if (e == ERR_MEMORY)
		return e;
	if (e != ERR_OK)
		return trial_workload_add_unknown(w, index, was, err_text(e));
	return trial_workload_add(w, index, was,
	    again.refused ? TRIAL_REFUSED : report_status_rank(again.status), again.cause);
}

static int
tell(struct trial *t, FILE *to)
{
	struct trial_workload **sorted =
	    trial_results_sorted(t->results, &t->summary.workload_count);
	enum trial_change worst;
	int result = 0;

	if (sorted == NULL) {
		(void)fail("policy try", err_text(ERR_MEMORY));
		return TRIAL_EXIT_UNKNOWN;
	}
	t->summary.policy_id = policy_id(t->policy);
	t->summary.workloads = sorted;
	worst = t->summary.workload_count > 0 ? trial_workload_change(sorted[0]) : TRIAL_STAYS;
	if (worst == TRIAL_FALLS)
		result = TRIAL_EXIT_FALLS;
	else if (worst == TRIAL_UNKNOWN || t->summary.unreadable > 0)
		result = TRIAL_EXIT_UNKNOWN;
	if (!t->options->json)
		trial_print_text(&t->summary, t->options->all, to);
	else if (!trial_print_json(&t->summary, to))
		result = TRIAL_EXIT_UNKNOWN;
	free(sorted);
	return result;
}

/* For who waits at a terminal; in a pipe nothing. */
static void
progress(struct trial *t, uint64_t done, uint64_t of)
{
	const uint64_t now = now_ms();

	if (isatty(STDERR_FILENO) != 1)
		return;
	if (done == of && t->told_ms != 0) {
		fputs("\r\033[K", stderr);
	} else if (done < of && now - t->told_ms >= TOLD_EVERY_MS) {
		fprintf(stderr, "\r%" PRIu64 " %% of the entries", done * 100 / of);
		t->told_ms = now;
	}
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
fail(const char *what, const char *why)
{
	fprintf(stderr, "hallmark-signer: %s: %s\n", what, why);
	return false;
}

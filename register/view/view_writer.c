#include "register/view/view_writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "register/view/artifacts.h"
#include "register/view/rows.h"
#include "register/view/stated.h"
#include "register/view/view_file.h"
#include "register/view/view_load.h"

#define TICK_ENTRIES 256 /* as many as a bundle of entries has: one file tells the rest */

struct view_writer {
	char *path, *evidence;
	sqlite3 *db;
	struct rows *rows;
	struct artifacts *artifacts; /* NULL: contents are not looked up */
	struct heads heads;
	struct rows_log log;
	struct buf scratch;
	uint64_t committed; /* entries */
	uint64_t committed_ms;
	bool open;          /* a transaction is */
	atomic_bool failed; /* asked from other threads, too */
};

static enum err open_file(struct view_writer *w);
static void close_file(struct view_writer *w);
static enum err start_again(struct view_writer *w);
static void look(struct view_writer *w);
static enum err begin(struct view_writer *w);
static void fail(struct view_writer *w);
static enum err take(struct view_writer *w, const struct followed_entry *e);
static enum err take_report(struct view_writer *w, const struct followed_entry *e);
static enum err take_live(
    struct view_writer *w, struct head *h, const struct followed_entry *e, const struct digest *d);
static enum err take_turn(struct view_writer *w, struct head *h, const struct followed_entry *e);
static enum err take_image(
    struct view_writer *w, const struct head *h, const struct followed_entry *e);
static enum err take_gap(
    struct view_writer *w, struct head *h, const struct followed_entry *e, const struct digest *d);
static enum err state_of(
    struct view_writer *w, const struct followed_entry *e, const struct digest *d, uint64_t *n);
static enum err take_absence(struct view_writer *w, const struct followed_entry *e);
static enum err add_place(struct view_writer *w, struct head *h, const struct followed_entry *e);
static enum err head_of(
    struct view_writer *w, struct view collector, struct view name, struct head **out);
static uint64_t clock_ms(clockid_t clock);

enum err
view_writer_open(const char *path, const char *evidence, struct view_writer **out)
{
	struct view_writer *w = calloc(1, sizeof(*w));
	enum err e;

	*out = NULL;
	if (w == NULL || (w->path = strdup(path)) == NULL ||
	    (evidence != NULL && (w->evidence = strdup(evidence)) == NULL)) {
		if (w != NULL)
			free(w->path);
		free(w);
		return ERR_MEMORY;
	}
	if ((e = open_file(w)) == ERR_FORMAT && (e = start_again(w)) != ERR_OK)
		e = ERR_IO;
	if (e != ERR_OK) {
		view_writer_close(&w);
		return e;
	}
	*out = w;
	return ERR_OK;
}

/* ERR_FORMAT: its rows are not what was put there. */
static enum err
open_file(struct view_writer *w)
{
	enum err e = heads_init(&w->heads);

	if (e == ERR_OK && (e = view_file_open(w->path, &w->db)) == ERR_OK &&
	    (e = rows_open(w->db, &w->rows)) == ERR_OK)
		e = view_load(w->db, &w->heads, &w->log);
	if (e == ERR_OK && w->evidence != NULL)
		e = artifacts_open(w->db, w->evidence, &w->artifacts);
	w->committed = w->log.taken_to;
	return e;
}

static void
close_file(struct view_writer *w)
{
	artifacts_close(&w->artifacts);
	rows_close(&w->rows);
	sqlite3_close(w->db);
	w->db = NULL;
	heads_free(&w->heads);
	buf_free(&w->log.origin);
	buf_free(&w->log.checkpoint);
	memset(&w->log, 0, sizeof(w->log));
	w->open = false;
}

static enum err
start_again(struct view_writer *w)
{
	enum err e;

	close_file(w);
	if ((e = view_file_set_aside(w->path, "its rows are not this log's, or damaged")) == ERR_OK)
		e = open_file(w);
	return e;
}

void
view_writer_close(struct view_writer **wp)
{
	struct view_writer *w = *wp;

	if (w == NULL)
		return;
	if (w->rows != NULL && view_writer_commit(w) != ERR_OK)
		rows_rollback(w->rows);
	close_file(w);
	buf_free(&w->scratch);
	free(w->path);
	free(w->evidence);
	free(w);
	*wp = NULL;
}

uint64_t
view_writer_committed(const struct view_writer *w)
{
	return w->committed;
}

bool
view_writer_failed(const struct view_writer *w)
{
	return w->failed;
}

void
view_writer_entry(void *context, const struct followed_entry *e)
{
	struct view_writer *w = context;

	if (w->failed)
		return;
	if (e->index == 0 && w->log.taken_to > 0 && !digest_equal(&e->leaf, &w->log.first_leaf) &&
	    start_again(w) != ERR_OK) {
		fail(w);
		return;
	}
	if (e->index + 1 == w->log.taken_to && !digest_equal(&e->leaf, &w->log.last_leaf)) {
		fail(w); /* what was taken is not what is told now: a fork, which others say */
		return;
	}
	if (e->index < w->log.taken_to)
		return;
	if (begin(w) != ERR_OK || take(w, e) != ERR_OK)
		fail(w);
}

void
view_writer_state(void *context, const struct followed_state *s)
{
	struct view_writer *w = context;

	/* What was taken before is told again: it stands as it did. */
	if (w->failed || s->checked_to < w->log.taken_to)
		return;
	if (w->log.checked_to != s->checked_to || w->log.replayed_to != s->replayed_to ||
	    !view_equal(buf_view(&w->log.checkpoint), s->checkpoint)) {
		w->log.checked_to = s->checked_to;
		w->log.replayed_to = s->replayed_to;
		w->log.newest_s = s->newest_issued_s;
		buf_clear(&w->log.checkpoint);
		buf_append_view(&w->log.checkpoint, s->checkpoint);
		if (buf_status(&w->log.checkpoint) != ERR_OK || begin(w) != ERR_OK) {
			fail(w);
			return;
		}
	}
	if (s->checked_to == s->size)
		look(w);
	if (!w->failed &&
	    clock_ms(CLOCK_MONOTONIC) - w->committed_ms >=
		(s->checked_to == s->size ? VIEW_COMMIT_MS : VIEW_COMMIT_BEHIND_MS) &&
	    view_writer_commit(w) != ERR_OK)
		return; /* said there */
}

/* There is time: the log is followed to its end. */
static void
look(struct view_writer *w)
{
	if (w->artifacts != NULL && artifacts_has_more(w->artifacts) &&
	    (begin(w) != ERR_OK || artifacts_look(w->artifacts, VIEW_LOOK_MS) != ERR_OK))
		fail(w);
}

void
view_writer_alarm(void *context, const struct followed_alarm *a)
{
	struct view_writer *w = context;

	if (w->failed)
		return;
	if (begin(w) != ERR_OK || rows_put_alarm(w->rows, followed_alarm_name(a->kind), a->index,
				      a->words, clock_ms(CLOCK_REALTIME)) != ERR_OK)
		fail(w);
	else if (view_writer_commit(w) != ERR_OK)
		return; /* said there */
}

void
view_writer_acknowledged(void *context)
{
	struct view_writer *w = context;

	if (w->failed)
		return;
	if (begin(w) != ERR_OK || rows_clear_alarms(w->rows) != ERR_OK)
		fail(w);
	else if (view_writer_commit(w) != ERR_OK)
		return; /* said there */
}

void
view_writer_forget(void *context)
{
	struct view_writer *w = context;

	if (start_again(w) != ERR_OK)
		fail(w);
}

enum err
view_writer_commit(struct view_writer *w)
{
	enum err e = w->failed ? ERR_IO : ERR_OK;
	struct head *h;

	if (!w->open || e != ERR_OK)
		return e;
	while (e == ERR_OK && (h = heads_take_touched(&w->heads)) != NULL)
		e = rows_put_workload(w->rows, h);
	if (e != ERR_OK || rows_put_log(w->rows, &w->log) != ERR_OK ||
	    rows_commit(w->rows) != ERR_OK) {
		fail(w);
		return ERR_IO;
	}
	w->open = false;
	w->committed = w->log.taken_to;
	w->committed_ms = clock_ms(CLOCK_MONOTONIC);
	return ERR_OK;
}

static enum err
begin(struct view_writer *w)
{
	enum err e = ERR_OK;

	if (!w->open && (e = rows_begin(w->rows)) == ERR_OK)
		w->open = true;
	return e;
}

static void
fail(struct view_writer *w)
{
	w->failed = true;
	if (w->rows != NULL)
		rows_rollback(w->rows);
	w->open = false;
	logger_say(LOGGER_ERROR, "view-stopped",
	    "%s cannot be written: it stays as it is, with %llu entries; put right what is said"
	    " above and start the register again, it goes on from there",
	    w->path, (unsigned long long)w->committed);
}

static enum err
take(struct view_writer *w, const struct followed_entry *e)
{
	enum err result = ERR_OK;
	struct view origin = {NULL, 0};

	if (e->index % TICK_ENTRIES == 0 && e->issued_s > 0)
		result = rows_put_tick(w->rows, e->index, e->issued_s);
	if (result == ERR_OK && e->report != NULL) {
		result = take_report(w, e);
		origin = e->report->issuer;
	} else if (result == ERR_OK && e->absence != NULL) {
		result = take_absence(w, e);
		origin = e->absence->issuer;
	} else if (result == ERR_OK && e->notice != NULL) {
		result = rows_put_notice(w->rows, e->index, e->notice, e->bytes);
		origin = e->notice->issuer;
	} else {
		w->log.unread++;
	}
	if (w->log.origin.size == 0 && e->outcome == OUTCOME_GOOD)
		buf_append_view(&w->log.origin, origin);
	if (e->index == 0)
		w->log.first_leaf = e->leaf;
	w->log.last_leaf = e->leaf;
	w->log.taken_to = e->index + 1;
	return result;
}

static enum err
take_report(struct view_writer *w, const struct followed_entry *e)
{
	const struct report *r = e->report;
	struct digest stated;
	struct head *h;
	enum err result;

	if ((result = head_of(w, r->collector, r->bundle.workload, &h)) != ERR_OK ||
	    (result = stated_digest(r, e->outcome, &w->scratch, &stated)) != ERR_OK ||
	    (result = add_place(w, h, e)) != ERR_OK)
		return result;
	heads_touch(&w->heads, h);
	return r->bundle.offline ? take_gap(w, h, e, &stated) : take_live(w, h, e, &stated);
}

/* A report that is no gap record says what is so now, and ends a silence. */
static enum err
take_live(
    struct view_writer *w, struct head *h, const struct followed_entry *e, const struct digest *d)
{
	const bool other = h->state == 0 || !digest_equal(d, &h->stated);
	const bool back = h->silent_entry != 0;
	enum err result = ERR_OK;

	if (back) {
		result = rows_end_silence(w->rows, h, e->index, e->issued_s);
		h->silent_entry = h->silent_s = 0;
	}
	if (result == ERR_OK && (other || back)) {
		if (h->state != 0)
			result = rows_end_interval(w->rows, h);
		if (result == ERR_OK && other)
			result = state_of(w, e, d, &h->state);
		if (result == ERR_OK)
			result = rows_begin_interval(
			    w->rows, h->n, e->index, e->issued_s, h->state, false);
		if (result == ERR_OK && other && (h->has_findings || e->report->finding_count > 0))
			result =
			    rows_change_findings(w->rows, h->n, e->report, e->index, e->issued_s);
		h->has_findings = e->report->finding_count > 0;
		h->tier = stated_tier(e->report, e->outcome);
		h->stated = *d;
		h->from_entry = e->index;
		h->from_s = e->issued_s;
		h->reports = 0;
	}
	if (result == ERR_OK)
		result = take_turn(w, h, e);
	h->last_entry = e->index;
	h->last_s = e->issued_s;
	h->reports++;
	h->expires_s = e->report->expires_s;
	h->due_s = e->due_s;
	h->left = e->report->bundle.extensions.leaving != BUNDLE_STAYING;
	h->gap_entry = h->gap_state = 0;
	if (result == ERR_OK)
		result = take_image(w, h, e);
	return result;
}

/* A chain of starts speaks for one image after the other: what is stated of each is kept. */
static enum err
take_image(struct view_writer *w, const struct head *h, const struct followed_entry *e)
{
	const struct bundle_artifact *a = &e->report->bundle.extensions.artifact;
	const struct rows_image image = {.digest = a->digest,
	    .entry = e->index,
	    .issued_s = e->issued_s,
	    .expires_s = h->expires_s,
	    .due_s = h->due_s,
	    .left = h->left,
	    .state = h->state};

	return a->form == BUNDLE_ARTIFACT_IMAGE ? rows_put_image(w->rows, &image) : ERR_OK;
}

/* What happened to it beside what it states: another boot; that it leaves. */
static enum err
take_turn(struct view_writer *w, struct head *h, const struct followed_entry *e)
{
	const struct bundle *b = &e->report->bundle;
	enum err result = ERR_OK;

	if (memcmp(h->boot, b->boot_id, BOOT_ID_SIZE) != 0) {
		memcpy(h->boot, b->boot_id, BOOT_ID_SIZE);
		result = rows_put_turn(
		    w->rows, h->n, e->index, e->issued_s, (struct view){h->boot, BOOT_ID_SIZE});
	}
	if (result == ERR_OK && b->extensions.leaving != BUNDLE_STAYING && !h->left)
		result =
		    rows_put_turn(w->rows, h->n, e->index, e->issued_s, (struct view){NULL, 0});
	return result;
}

/* It says what was so while nobody heard: intervals of their own, until the next live report. */
static enum err
take_gap(
    struct view_writer *w, struct head *h, const struct followed_entry *e, const struct digest *d)
{
	uint64_t state;
	enum err result = state_of(w, e, d, &state);

	if (result == ERR_OK && (h->gap_entry == 0 || state != h->gap_state)) {
		h->gap_entry = e->index;
		h->gap_state = state;
		result = rows_begin_interval(w->rows, h->n, e->index, e->issued_s, state, true);
	}
	if (result == ERR_OK)
		result = rows_extend_gap(w->rows, h, e->index, e->issued_s);
	return result;
}

static enum err
state_of(struct view_writer *w, const struct followed_entry *e, const struct digest *d, uint64_t *n)
{
	if (w->artifacts != NULL)
		artifacts_wake(w->artifacts);
	return rows_state(w->rows, e->report, e->outcome, d, n);
}

static enum err
take_absence(struct view_writer *w, const struct followed_entry *e)
{
	const struct absence *a = e->absence;
	struct head *h;
	enum err result = ERR_OK;

	for (size_t i = 0; result == ERR_OK && i < a->count; i++) {
		const struct absence_workload *silent = &a->absent[i];

		if ((result = head_of(w, a->collector, silent->workload, &h)) != ERR_OK)
			break;
		heads_touch(&w->heads, h);
		if (h->silent_entry != 0) {
			result = rows_count_silence(w->rows, h, silent->count);
			continue;
		}
		h->silent_entry = e->index;
		h->silent_s = e->issued_s;
		result = rows_begin_silence(
		    w->rows, h->n, e->index, e->issued_s, silent->due_s, silent->count);
	}
	return result;
}

static enum err
add_place(struct view_writer *w, struct head *h, const struct followed_entry *e)
{
	const bool offline = e->report->bundle.offline;
	enum err result;

	if (h->places.size > 0) {
		if (places_add(&h->places, e->index, e->issued_s, offline))
			return ERR_OK;
		if ((result = rows_put_place(w->rows, h)) != ERR_OK)
			return result;
	}
	places_begin(&h->places, e->index, e->issued_s, offline);
	return ERR_OK;
}

static enum err
head_of(struct view_writer *w, struct view collector, struct view name, struct head **out)
{
	struct head_host *host;
	struct head *h = heads_find(&w->heads, collector, name);
	enum err e;

	*out = h;
	if (h != NULL)
		return ERR_OK;
	if ((host = heads_find_host(&w->heads, collector)) == NULL) {
		host = heads_add_host(&w->heads, collector, HASH_COUNT(w->heads.hosts) + 1);
		if (host == NULL)
			return ERR_MEMORY;
		if ((e = rows_add_host(w->rows, host->n, collector)) != ERR_OK)
			return e;
	}
	if ((h = heads_add(&w->heads, collector, name)) == NULL)
		return ERR_MEMORY;
	h->n = HASH_COUNT(w->heads.all);
	h->host = host->n;
	*out = h;
	return ERR_OK;
}

static uint64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

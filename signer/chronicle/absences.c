#include "signer/chronicle/absences.h"

#include <stdlib.h>
#include <string.h>

#include "proto/report/absence.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/ledger_stage.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

#define LOOKS_AT_ONCE   20000
#define ENTRIES_AT_ONCE 256

struct silent_collector {
	const struct collector *collector; /* its workloads', which stay */
	struct workload *overdue;
	uint64_t due_s;   /* of the workload that was overdue first since the last round */
	uint64_t round_s; /* of the last round; 0: none */
	bool in_round;    /* entries of a round were put, and others wait */
	struct silent_collector *next;
	UT_hash_handle hh;
};

static void is_over(void *context, struct workload *w);
static struct silent_collector *collector_of(struct absences *s, const struct workload *w);
static void wake(struct absences *s, uint64_t iat_s);
static bool put_round(struct absences *s, struct silent_collector *c, uint64_t iat_s, size_t *most);
static size_t take_overdue(struct absences *s, struct silent_collector *c, uint64_t iat_s,
    struct workload *absent[ABSENCE_WORKLOADS_MAX]);
static void put_entry(struct absences *s, struct workload **absent, size_t count, uint64_t iat_s);
static void leave_ready(struct absences *s, struct silent_collector *c);
static void rest(struct absences *s, struct silent_collector *c, uint64_t iat_s);
static void forget(struct absences *s, struct silent_collector *c);
static void visit_all(
    struct absences *s, enum err (*visit)(void *context, struct workload *w), void *context);
static enum err move_behind_start(void *context, struct workload *w);
static void move_on(struct absences *s, size_t most);
static void move_behind_windows(void *context, struct workload *w);
static void set_back(struct absences *s, uint64_t iat_s);
static enum err set_back_one(void *context, struct workload *w);
static void retire(struct absences *s, const struct statement *said);
static bool is_silent(struct due d);
static int compare_names(const void *a, const void *b);

/* A walk over all workloads behind a start. */
struct start {
	struct absences *absences;
	uint64_t from_s, to_s;
};

void
absences_init(struct absences *s, struct workload_table *workloads, struct notice_writer *notices)
{
	*s = (struct absences){.workloads = workloads, .notices = notices};
	s->ready_end = &s->ready;
	s->resting_end = &s->resting;
}

void
absences_free(struct absences *s)
{
	struct silent_collector *c, *next;

	HASH_ITER (hh, s->table, c, next)
		forget(s, c);
}

void
absences_on_start(struct absences *s, uint64_t from_s, uint64_t to_s)
{
	struct start start = {s, from_s, to_s};

	if (s->ring.looked_s == 0)
		due_ring_begin(&s->ring, to_s);
	s->silent = 0;
	visit_all(s, move_behind_start, &start);
}

void
absences_on_statement(struct absences *s, const struct statement *said, uint64_t iat_s)
{
	switch (statement_kind(said)) {
	case STATEMENT_MAINTENANCE:
		s->walk = (struct workload_walk){0};
		s->moving = true;
		move_on(s, LOOKS_AT_ONCE);
		break;
	case STATEMENT_RETIRE:
		retire(s, said);
		break;
	case STATEMENT_CLOCK:
		set_back(s, iat_s);
		break;
	default:
		break;
	}
}

bool
absences_are_moving(const struct absences *s)
{
	return s->moving;
}

void
absences_settle(struct absences *s)
{
	move_on(s, SIZE_MAX);
}

struct due
absences_in_windows(const struct absences *s, struct due d, const struct workload *w)
{
	size_t count;
	const struct due_window *windows = standing_windows(s->notices->standing, &count);

	return due_in_windows(d, windows, count, workload_collector(w), workload_name(w));
}

void
absences_on_report(struct absences *s, struct workload *w, struct due before)
{
	s->silent -= is_silent(before);
	due_ring_set(&s->ring, w);
}

void
absences_sweep(struct absences *s, uint64_t iat_s)
{
	size_t most = ENTRIES_AT_ONCE;
	bool all;

	s->swept_s = iat_s;
	move_on(s, LOOKS_AT_ONCE);
	all = due_ring_look(&s->ring, iat_s, LOOKS_AT_ONCE, is_over, s);
	wake(s, iat_s);
	while (s->ready != NULL && put_round(s, s->ready, iat_s, &most))
		;
	s->behind = !all || s->ready != NULL || s->moving;
}

/* Those who wait come in the order of their dues, but for what a second holds. */
bool
absences_is_late(const struct absences *s)
{
	return s->ready != NULL && s->swept_s > s->ready->due_s + DUE_ROUND_S;
}

static void
is_over(void *context, struct workload *w)
{
	struct absences *s = context;
	struct silent_collector *c;

	move_behind_windows(s, w);
	if (!due_is_over(w->head.due, s->swept_s)) {
		due_ring_set(&s->ring, w);
		return;
	}
	c = collector_of(s, w);
	if (c->overdue == NULL || w->head.due.at_s < c->due_s)
		c->due_s = w->head.due.at_s;
	due_ring_move(w, &c->overdue);
}

/* One that had no round lately may have one at once. */
static struct silent_collector *
collector_of(struct absences *s, const struct workload *w)
{
	struct silent_collector *c;

	HASH_FIND_PTR(s->table, &w->collector, c);
	if (c != NULL)
		return c;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		abort(); /* an absence would be left out */
	c->collector = w->collector;
	HASH_ADD_PTR(s->table, collector, c);
	*s->ready_end = c;
	s->ready_end = &c->next;
	return c;
}

/* Who has rested for long enough may have another round, if there is something to say. */
static void
wake(struct absences *s, uint64_t iat_s)
{
	struct silent_collector *c;

	while ((c = s->resting) != NULL && c->round_s + DUE_ROUND_S <= iat_s) {
		s->resting = c->next;
		if (s->resting == NULL)
			s->resting_end = &s->resting;
		c->next = NULL;
		if (c->overdue == NULL) {
			forget(s, c);
			continue;
		}
		*s->ready_end = c;
		s->ready_end = &c->next;
	}
}

/* False when enough was put for this time, or the batch takes no more. */
static bool
put_round(struct absences *s, struct silent_collector *c, uint64_t iat_s, size_t *most)
{
	struct workload *absent[ABSENCE_WORKLOADS_MAX];
	size_t count;

	while (c->overdue != NULL) {
		if (*most == 0 || !ledger_entry_fits(s->notices->ledger))
			return false;
		count = take_overdue(s, c, iat_s, absent);
		if (count > 0) {
			put_entry(s, absent, count, iat_s);
			c->in_round = true;
			--*most;
		}
	}
	leave_ready(s, c);
	if (c->in_round)
		rest(s, c, iat_s);
	else
		forget(s, c);
	return true;
}

/* Some of those that are overdue still, by name; the others are waited for again. */
static size_t
take_overdue(struct absences *s, struct silent_collector *c, uint64_t iat_s,
    struct workload *absent[ABSENCE_WORKLOADS_MAX])
{
	size_t count = 0;

	while (c->overdue != NULL && count < ABSENCE_WORKLOADS_MAX) {
		struct workload *w = c->overdue;

		due_ring_leave(w);
		move_behind_windows(s, w);
		if (due_is_over(w->head.due, iat_s))
			absent[count++] = w;
		else
			due_ring_set(&s->ring, w);
	}
	qsort(absent, count, sizeof(struct workload *), compare_names);
	return count;
}

static void
put_entry(struct absences *s, struct workload **absent, size_t count, uint64_t iat_s)
{
	struct ledger *ledger = s->notices->ledger;
	struct workload_update update[ABSENCE_WORKLOADS_MAX];
	struct absence a = {.issued_s = iat_s,
	    .issuer = s->notices->origin,
	    .collector = workload_collector(absent[0]),
	    .count = count,
	    .notice = s->notices->newest};

	for (size_t i = 0; i < count; i++) {
		struct workload *w = absent[i];

		a.absent[i] = (struct absence_workload){.workload = workload_name(w),
		    .due_s = w->head.due.at_s,
		    .count = w->head.due.count + 1ULL,
		    .report = w->head.index,
		    .previous = *ledger_head_leaf(ledger, w)};
		update[i] = (struct workload_update){w, w->head};
		update[i].head.due =
		    absences_in_windows(s, due_after_absence(w->head.due, iat_s), w);
		verdict_falls_silent(&update[i].head, iat_s);
		s->silent += !is_silent(w->head.due);
	}
	if (absence_write(&a, ledger_entry_begin(ledger)) != ERR_OK ||
	    ledger_absence_end(ledger, iat_s, update, count) != ERR_OK)
		abort(); /* for want of memory: an absence would be left out */
	for (size_t i = 0; i < count; i++)
		due_ring_set(&s->ring, absent[i]);
}

/* It is the first one. */
static void
leave_ready(struct absences *s, struct silent_collector *c)
{
	s->ready = c->next;
	if (s->ready == NULL)
		s->ready_end = &s->ready;
	c->next = NULL;
}

static void
rest(struct absences *s, struct silent_collector *c, uint64_t iat_s)
{
	c->round_s = iat_s;
	c->in_round = false;
	*s->resting_end = c;
	s->resting_end = &c->next;
}

static void
forget(struct absences *s, struct silent_collector *c)
{
	/* The analyser loses uthash's links. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	HASH_DEL(s->table, c);
	free(c);
}

static void
visit_all(struct absences *s, enum err (*visit)(void *context, struct workload *w), void *context)
{
	if (workload_each(s->workloads, visit, context) != ERR_OK)
		abort(); /* no visit fails */
}

static enum err
move_behind_start(void *context, struct workload *w)
{
	const struct start *start = context;
	struct absences *s = start->absences;
	struct due *due = &w->head.due;

	if (!w->has_head)
		return ERR_OK;
	*due = absences_in_windows(s, due_after_start(*due, start->from_s, start->to_s), w);
	s->silent += is_silent(*due);
	verdict_settle_silently(s->workloads, w);
	due_ring_set(&s->ring, w);
	return ERR_OK;
}

static void
move_on(struct absences *s, size_t most)
{
	if (s->moving)
		s->moving = !workload_walk_on(s->workloads, &s->walk, most, move_behind_windows, s);
}

static void
move_behind_windows(void *context, struct workload *w)
{
	w->head.due = absences_in_windows(context, w->head.due, w);
}

static void
retire(struct absences *s, const struct statement *said)
{
	struct workload *w = workload_find(
	    s->workloads, statement_value(said, "collector"), statement_value(said, "workload"));

	if (w == NULL)
		return; /* it never reported */
	s->silent -= is_silent(w->head.due);
	w->head.due = due_retired(w->head.due);
	verdict_settle(s->workloads, w);
}

/* All that is of a later time is of this one: what was looked at, and rounds that were put. */
static void
set_back(struct absences *s, uint64_t iat_s)
{
	s->swept_s = iat_s;
	due_ring_set_back(&s->ring, iat_s);
	for (struct silent_collector *c = s->resting; c != NULL; c = c->next)
		c->round_s = iat_s;
	visit_all(s, set_back_one, s);
}

static enum err
set_back_one(void *context, struct workload *w)
{
	struct absences *s = context;

	if (!w->has_head)
		return ERR_OK;
	chain_head_set_back(&w->head, s->swept_s);
	w->head.due = absences_in_windows(s, due_after_clock(w->head.due, s->swept_s), w);
	due_ring_set(&s->ring, w);
	return ERR_OK;
}

/* Absent since its newest report, and not retired. */
static bool
is_silent(struct due d)
{
	return d.count > 0 && d.at_s != 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct workload *const *one = a, *const *other = b;

	return view_compare(workload_name(*one), workload_name(*other));
}

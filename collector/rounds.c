#include "collector/rounds.h"

#include <sched.h>
#include <stdlib.h>

#define AT_ONCE_LEAST 2 /* one that hangs, and is not known for it, holds up no other */

static size_t cores(void);
static bool is_under_way(const struct rounds *s, size_t workload);
static size_t count_under_way(const struct rounds *s, bool slow);
static bool begin_next(struct rounds *s, bool slow);

enum err
rounds_set(struct rounds *s, struct reporter *reporter, struct measurer *measurer,
    const struct collector_config *config)
{
	bool *wanted = calloc(config->workload_count, sizeof(*wanted));
	bool *busy = calloc(config->workload_count, sizeof(*busy));
	struct pace *pace = calloc(config->workload_count, sizeof(*pace));

	if (wanted == NULL || busy == NULL || pace == NULL) {
		free(wanted);
		free(busy);
		free(pace);
		return ERR_MEMORY;
	}
	rounds_free(s);
	*s = (struct rounds){.reporter = reporter,
	    .measurer = measurer,
	    .count = config->workload_count,
	    .at_once = config->measure_at_once > 0 ? config->measure_at_once : cores(),
	    .wanted = wanted,
	    .busy = busy,
	    .rest_ms = (uint64_t)config->watch_rest_s * 1000,
	    .most_ms = (uint64_t)config->interval_s * 1000,
	    .pace = pace};
	return ERR_OK;
}

void
rounds_free(struct rounds *s)
{
	free(s->wanted);
	free(s->busy);
	free(s->pace);
	s->wanted = s->busy = NULL;
	s->pace = NULL;
	s->count = 0;
}

void
rounds_want_all(struct rounds *s)
{
	for (size_t i = 0; i < s->count; i++)
		rounds_want(s, i);
}

void
rounds_want(struct rounds *s, size_t workload)
{
	s->wanted[workload] = s->wanted[workload] || !measurer_has(s->measurer, workload);
}

void
rounds_want_changed(struct rounds *s, uint64_t now_ms)
{
	if (rounds_changed_ms(s, now_ms) > now_ms)
		return;
	for (size_t i = 0; i < s->count; i++) {
		if (pace_due_ms(&s->pace[i]) > now_ms)
			continue;
		pace_begin(
		    &s->pace[i], now_ms, reporter_cost_ms(s->reporter, i), s->rest_ms, s->most_ms);
		rounds_want(s, i);
	}
}

/* Whoever is wanted already is measured behind the change. */
uint64_t
rounds_changed_ms(struct rounds *s, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;

	for (size_t i = 0; i < s->count; i++) {
		if (!s->wanted[i] && measurer_has_changed(s->measurer, i))
			pace_see(&s->pace[i], now_ms);
		else
			pace_forget(&s->pace[i]);
		if (pace_due_ms(&s->pace[i]) < next_ms)
			next_ms = pace_due_ms(&s->pace[i]);
	}
	return next_ms;
}

void
rounds_begin(struct rounds *s)
{
	size_t under_way = count_under_way(s, false);

	while (under_way < s->at_once && begin_next(s, false))
		under_way++;
	if (count_under_way(s, true) == 0)
		(void)begin_next(s, true);
}

size_t
rounds_answered(const struct rounds *s)
{
	size_t i = 0;

	while (i < s->count && !measurer_has_answer(s->measurer, i))
		i++;
	return i;
}

bool
rounds_has_waited(const struct rounds *s, size_t workload)
{
	return s->wanted[workload] && reporter_is_slow(s->reporter, workload);
}

bool
rounds_wants_any(const struct rounds *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->wanted[i] && !reporter_is_slow(s->reporter, i))
			return true;
	return false;
}

bool
rounds_expects_any(const struct rounds *s)
{
	return rounds_wants_any(s) || count_under_way(s, false) > 0;
}

const bool *
rounds_busy(struct rounds *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->busy[i] = s->wanted[i] || measurer_has(s->measurer, i);
	return s->busy;
}

static size_t
cores(void)
{
	cpu_set_t own;
	const int count = sched_getaffinity(0, sizeof(own), &own) == 0 ? CPU_COUNT(&own) : 0;

	return count > AT_ONCE_LEAST ? (size_t)count : AT_ONCE_LEAST;
}

static bool
is_under_way(const struct rounds *s, size_t workload)
{
	return measurer_has(s->measurer, workload) && !measurer_has_answer(s->measurer, workload);
}

static size_t
count_under_way(const struct rounds *s, bool slow)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		count += is_under_way(s, i) && reporter_is_slow(s->reporter, i) == slow;
	return count;
}

/* Whoever was begun last is the last one in turn. */
static bool
begin_next(struct rounds *s, bool slow)
{
	for (size_t n = 0; n < s->count; n++) {
		const size_t i = (s->turn + n) % s->count;

		if (!s->wanted[i] || reporter_is_slow(s->reporter, i) != slow ||
		    measurer_has(s->measurer, i))
			continue;
		s->wanted[i] = false;
		s->turn = i + 1;
		return reporter_begin_measuring(s->reporter, i);
	}
	return false;
}

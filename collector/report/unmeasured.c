#include "collector/report/unmeasured.h"

#include <stdio.h>
#include <string.h>

#include "proto/evidence/component.h"
#include "proto/utc.h"

#define NUMBER_SIZE 48 /* bytes with NUL: the name of a budget, and a number */

static const char seconds[] = "seconds";
static const char mebibytes_read[] = "mebibytes_read";
static const char mebibytes_per_s[] = "mebibytes_per_s";
static const char memory_mebibytes[] = "memory_mebibytes";

static void find_missing(
    struct unmeasured *u, const struct collector_workload *w, const struct measurement *m);
static const char *reason_of(const struct collector_workload *w, enum err e);
static bool lacks_the_same(const struct unmeasured *a, const struct unmeasured *b);
static enum err add(struct component_builder *b, const char *name, const char *value);
static enum err add_missing(struct component_builder *b, const struct unmeasured *u);
static const char *word_of(enum err e);
static enum err set_budgets(struct component_builder *b, const struct collector_budgets *budgets);

void
unmeasured_find(struct unmeasured *u, const struct collector_workload *w, enum err e,
    const struct measurement *m, const struct unmeasured *before, uint64_t now_ms)
{
	/* ERR_CONFIG: each kind lacks, and was told of. */
	if (e == ERR_OK || e == ERR_CONFIG)
		find_missing(u, w, e == ERR_OK ? m : NULL);
	else
		u->reason = reason_of(w, e);
	if (e == ERR_BUDGET || e == ERR_BUSY)
		u->budget = seconds;
	else if (e == ERR_MEMORY)
		u->budget = memory_mebibytes;
	u->tries = e == ERR_CHANGED ? MEASURE_TRIES_MAX : 1;
	if (e == ERR_BUSY)
		u->tries = 0;
	u->since_ms =
	    unmeasured_is_any(before) && lacks_the_same(u, before) ? before->since_ms : now_ms;
}

bool
unmeasured_is_any(const struct unmeasured *u)
{
	if (u->reason != NULL)
		return true;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (u->missing[kind] != ERR_OK)
			return true;
	return false;
}

bool
unmeasured_is_slow(const struct unmeasured *u)
{
	return u->reason != NULL && u->budget == seconds;
}

enum err
unmeasured_write(const struct unmeasured *u, const struct collector_budgets *budgets,
    struct buf *to, size_t *count)
{
	struct component_builder *b = component_builder_new(COMPONENT_UNMEASURED);
	char since[UTC_TEXT_SIZE], tries[NUMBER_SIZE];
	enum err e;

	if (b == NULL)
		return ERR_MEMORY;
	(void)snprintf(tries, sizeof(tries), "%u", u->tries);
	if ((e = set_budgets(b, budgets)) == ERR_OK &&
	    (e = u->reason != NULL ? add(b, "reason", u->reason) : add_missing(b, u)) == ERR_OK &&
	    (e = u->reason != NULL && u->budget != NULL ? add(b, "budget", u->budget) : ERR_OK) ==
		ERR_OK &&
	    (e = add(b, "since", utc_text(u->since_ms / 1000, since))) == ERR_OK &&
	    (e = add(b, "tries", tries)) == ERR_OK)
		e = component_finish(b, to, count);
	component_builder_free(&b);
	return e;
}

/* What is not in `m` lacks, whatever was told; what is, does not: it came in another try. */
static void
find_missing(struct unmeasured *u, const struct collector_workload *w, const struct measurement *m)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (!w->measure[kind] || (m != NULL && m->component[kind].present))
			u->missing[kind] = ERR_OK;
		else if (u->missing[kind] == ERR_OK)
			u->missing[kind] = ERR_CHANGED;
	}
}

static const char *
reason_of(const struct collector_workload *w, enum err e)
{
	switch (e) {
	case ERR_NOT_FOUND:
		return "no-process";
	case ERR_MISMATCH:
		return w->pid_file != NULL ? "pid-file" : "several-processes";
	case ERR_FORMAT:
	case ERR_FORMAT_SIZE:
		return w->pid_file != NULL ? "pid-file" : "no-access";
	case ERR_IO:
		return "no-access";
	case ERR_CHANGED:
		return "unstable";
	case ERR_BUDGET:
	case ERR_MEMORY:
		return "budget";
	case ERR_BUSY:
		return "stuck";
	case ERR_UNSUPPORTED:
		return "configuration";
	default:
		return "died";
	}
}

static bool
lacks_the_same(const struct unmeasured *a, const struct unmeasured *b)
{
	if ((a->reason != NULL) != (b->reason != NULL))
		return false;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if ((a->missing[kind] != ERR_OK) != (b->missing[kind] != ERR_OK))
			return false;
	return true;
}

static enum err
add(struct component_builder *b, const char *name, const char *value)
{
	const struct view one = view_of_string(value);

	return component_add_fact(b, &(struct component_fact){view_of_string(name), 1, &one});
}

/* Kinds are sorted by name. */
static enum err
add_missing(struct component_builder *b, const struct unmeasured *u)
{
	char text[COMPONENT_KIND_COUNT][64];
	struct view values[COMPONENT_KIND_COUNT];
	size_t count = 0;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (u->missing[kind] == ERR_OK)
			continue;
		(void)snprintf(text[count], sizeof(text[count]), "%s %s",
		    component_kind_name((enum component_kind)kind), word_of(u->missing[kind]));
		values[count] = view_of_string(text[count]);
		count++;
	}
	return component_add_fact(
	    b, &(struct component_fact){VIEW_LITERAL("missing"), count, values});
}

/* The one budget that a kind alone can exceed by its own name. */
static const char *
word_of(enum err e)
{
	return e == ERR_BUDGET ? mebibytes_read : err_name(e);
}

static enum err
set_budgets(struct component_builder *b, const struct collector_budgets *budgets)
{
	const struct {
		const char *name;
		uint32_t number;
	} of[] = {{seconds, budgets->seconds}, {mebibytes_read, budgets->mebibytes_read},
	    {mebibytes_per_s, budgets->mebibytes_per_s},
	    {memory_mebibytes, budgets->memory_mebibytes}};
	char text[sizeof(of) / sizeof(of[0])][NUMBER_SIZE];
	struct view values[sizeof(of) / sizeof(of[0])];

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%s=%u", of[i].name, of[i].number);
		values[i] = view_of_string(text[i]);
	}
	return component_set_made(b,
	    &(struct component_fact){VIEW_LITERAL("budgets"), sizeof(of) / sizeof(of[0]), values},
	    1);
}

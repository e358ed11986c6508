#include "log/walk/walk_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void
walk_where(uint64_t index, char where[WHERE_SIZE])
{
	(void)snprintf(where, WHERE_SIZE, "entry %" PRIu64, index);
}

void
walk_doubt(struct walk *w, const char *format, ...)
{
	va_list arguments;

	if (w->doubt[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(w->doubt, sizeof(w->doubt), format, arguments);
	va_end(arguments);
}

void
walk_state_begin_entry(struct walk *w)
{
	w->own_doubt[0] = '\0';
	w->about = WALK_ABOUT_ENTRY;
	w->now.issued_s = 0;
	w->now.report = NULL;
	w->now.absence = NULL;
	w->now.notice = NULL;
	w->now.lacks_evidence = false;
	w->now.in_force = OUTCOME_GOOD;
	w->now.due_s = 0;
	w->now.unvouched = w->now.unvouched_from = w->now.unvouched_from_s = 0;
	w->now.unvouched_lost = 0;
	for (unsigned i = 0; i < WALK_ABOUT_COUNT; i++)
		reason_begin(&w->now.found[i]);
}

enum outcome
walk_visited_outcome(const struct walk_visited *v)
{
	enum outcome worst = OUTCOME_GOOD;

	for (unsigned i = 0; i < WALK_ABOUT_COUNT; i++)
		worst = outcome_worse(worst, v->found[i].outcome);
	return worst;
}

void
walk_tell(struct walk *w, enum outcome o, const char *format, ...)
{
	char where[WHERE_SIZE], text[REASON_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	reason_add(&w->now.found[w->about], o, "%s", text);
	walk_where(w->index, where);
	defects_add(w->defects, o, where, "%s", text);
}

enum outcome
walk_tell_reason(struct walk *w, const struct reason *r, bool of_place)
{
	const char *doubt = w->own_doubt[0] != '\0' || !of_place ? w->own_doubt : w->doubt;

	if (r->outcome == OUTCOME_BAD && doubt[0] != '\0') {
		walk_tell(w, OUTCOME_UNKNOWN, "%s; nothing is proved, because %s", r->text, doubt);
		return OUTCOME_UNKNOWN;
	}
	if (r->outcome != OUTCOME_GOOD)
		walk_tell(w, r->outcome, "%s", r->text);
	return r->outcome;
}

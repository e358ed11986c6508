#include "log/walk/silence.h"

#include <inttypes.h>
#include <stddef.h>

static enum err set(struct silence *s, struct chain *c, struct due due);
static struct due move(const struct silence *s, const struct chain *c, struct due due);

void
silence_free(struct silence *s)
{
	dues_free(&s->dues);
}

enum err
silence_take_report(
    struct silence *s, struct chain *c, const struct report *r, const struct policy_rule *rule)
{
	/* Who was measured offline is waited for as before. */
	if (r->bundle.offline)
		return ERR_OK;
	c->due_is_known = rule != NULL && !s->lost;
	if (!c->due_is_known)
		return set(s, c, (struct due){.at_s = 0});
	return set(s, c,
	    due_after_report(r->issued_s, r->bundle.next_s,
		r->bundle.extensions.leaving != BUNDLE_STAYING, policy_rule_report_every_s(rule),
		policy_rule_grace_s(rule)));
}

enum err
silence_take_absence(struct silence *s, struct chain *c, uint64_t iat_s,
    const struct absence_workload *a, struct reason *reason)
{
	const int size = view_precision(a->workload);
	const char *name = (const char *)a->workload.data;

	if (!c->due_is_known)
		reason_add(reason, OUTCOME_UNKNOWN,
		    "%.*s: when it was due is not known: its policy, or what was in force, is not "
		    "there",
		    size, name);
	else if (c->due.at_s == 0)
		reason_add(reason, OUTCOME_BAD, "%.*s: was not due at any time", size, name);
	else if (!due_is_over(c->due, iat_s))
		reason_add(reason, OUTCOME_BAD,
		    "%.*s: is called absent at %" PRIu64 ", before its due at %" PRIu64 " is over",
		    size, name, iat_s, c->due.at_s);
	else if (a->due_s != c->due.at_s)
		reason_add(reason, OUTCOME_BAD,
		    "%.*s: expected a due at %" PRIu64 ", found %" PRIu64, size, name, c->due.at_s,
		    a->due_s);
	return c->due_is_known ? set(s, c, due_after_absence(c->due, iat_s)) : ERR_OK;
}

enum err
silence_take_start(struct silence *s, struct chains *all, uint64_t from_s, uint64_t to_s)
{
	enum err e = ERR_OK;

	for (struct chain *c = all->all; c != NULL && e == ERR_OK; c = c->hh.next) {
		const struct due due = due_after_start(c->due, from_s, to_s);

		if (due.at_s != c->due.at_s)
			e = set(s, c, due);
	}
	return e;
}

enum err
silence_take_clock(struct silence *s, struct chains *all, uint64_t iat_s)
{
	enum err e = ERR_OK;

	for (struct chain *c = all->all; c != NULL && e == ERR_OK; c = c->hh.next)
		e = set(s, c, due_after_clock(c->due, iat_s));
	return e;
}

enum err
silence_take_windows(struct silence *s, struct chains *all, const struct due_window *windows,
    size_t count, bool more)
{
	enum err e = ERR_OK;

	s->windows = windows;
	s->window_count = count;
	s->lost = false;
	for (struct chain *c = more ? all->all : NULL; c != NULL && e == ERR_OK; c = c->hh.next) {
		const struct due due = move(s, c, c->due);

		if (due.at_s != c->due.at_s)
			e = set(s, c, due);
	}
	return e;
}

enum err
silence_lose(struct silence *s, struct chains *all)
{
	enum err e = ERR_OK;

	s->windows = NULL;
	s->window_count = 0;
	for (struct chain *c = s->lost ? NULL : all->all; c != NULL && e == ERR_OK;
	     c = c->hh.next) {
		c->due_is_known = false;
		e = set(s, c, (struct due){.at_s = 0});
	}
	s->lost = true;
	return e;
}

enum err
silence_retire(struct silence *s, struct chain *c)
{
	return set(s, c, due_retired(c->due));
}

struct chain *
silence_left_out(struct silence *s, uint64_t iat_s)
{
	struct dues_item *item =
	    iat_s > DUE_SLACK_S ? dues_first(&s->dues, iat_s - DUE_SLACK_S) : NULL;

	if (item == NULL)
		return NULL;
	item->at_s = 0; /* said; the chain keeps its due, which a late absence names */
	return (struct chain *)((char *)item - offsetof(struct chain, item));
}

static enum err
set(struct silence *s, struct chain *c, struct due due)
{
	c->due = move(s, c, due);
	return dues_set(&s->dues, &c->item, c->due.at_s);
}

static struct due
move(const struct silence *s, const struct chain *c, struct due due)
{
	return due_in_windows(
	    due, s->windows, s->window_count, chain_collector(c), chain_workload(c));
}

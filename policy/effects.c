#include "policy/effects.h"

#include <stdlib.h>

static void find_windows(
    struct effects *e, struct statement_document *const *statement, size_t count);
static void find_amendments(struct effects *e, struct statement_document *const *statement,
    size_t count, const struct feeds_in_force *feeds);
static int compare_windows(const void *a, const void *b);

enum err
effects_make_room(struct effects *e, size_t statements)
{
	struct due_window *window = reallocarray(e->window, statements + 1, sizeof(*window));
	struct revoke *revoke;
	struct not_affected *not_affected;

	if (window == NULL)
		return ERR_MEMORY;
	e->window = window;
	revoke = reallocarray(e->amendments.revoke, statements + 1, sizeof(*revoke));
	if (revoke == NULL)
		return ERR_MEMORY;
	e->amendments.revoke = revoke;
	not_affected =
	    reallocarray(e->amendments.not_affected, statements + 1, sizeof(*not_affected));
	if (not_affected == NULL)
		return ERR_MEMORY;
	e->amendments.not_affected = not_affected;
	return ERR_OK;
}

void
effects_find(struct effects *e, struct statement_document *const *statement, size_t count,
    const struct feeds_in_force *feeds)
{
	find_windows(e, statement, count);
	find_amendments(e, statement, count, feeds);
}

void
effects_free(struct effects *e)
{
	free(e->window);
	free(e->amendments.revoke);
	free(e->amendments.not_affected);
	*e = (struct effects){0};
}

static void
find_windows(struct effects *e, struct statement_document *const *statement, size_t count)
{
	e->window_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct statement *said = statement_document_statement(statement[i]);

		if (statement_kind(said) == STATEMENT_MAINTENANCE)
			e->window[e->window_count++] =
			    (struct due_window){.collectors = statement_value(said, "collectors"),
				.workloads = statement_value(said, "workloads"),
				.from_s = said->not_before_s,
				.to_s = said->not_after_s};
	}
	if (e->window_count > 1)
		qsort(e->window, e->window_count, sizeof(e->window[0]), compare_windows);
}

static void
find_amendments(struct effects *e, struct statement_document *const *statement, size_t count,
    const struct feeds_in_force *feeds)
{
	struct amendments *a = &e->amendments;

	a->feed = e->feed;
	a->feed_count = feeds->count;
	for (size_t i = 0; i < feeds->count; i++) {
		const struct feed_in_force *f = &feeds->feed[i];

		a->feed[i] =
		    (struct amendments_feed){buf_view(&f->name), f->digest, f->written_s, f->feed};
	}
	a->revoke_count = a->not_affected_count = 0;
	for (size_t i = 0; i < count; i++)
		if (revoke_of_statement(statement[i], &a->revoke[a->revoke_count]))
			a->revoke_count++;
		else if (not_affected_of_statement(
			     statement[i], &a->not_affected[a->not_affected_count]))
			a->not_affected_count++;
	amendments_settle(a);
}

static int
compare_windows(const void *a, const void *b)
{
	const struct due_window *x = a, *y = b;

	return (x->from_s > y->from_s) - (x->from_s < y->from_s);
}

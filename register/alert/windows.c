#include "register/alert/windows.h"

#include <stdlib.h>

#include "proto/glob.h"

struct window {
	struct window *next;
	struct digest name; /* of the statement */
	uint64_t from_s, to_s;
	struct buf collectors, workloads; /* patterns */
};

static enum err add(struct windows *w, const struct digest *name, const struct statement *s);
static void drop(struct window **at);

void
windows_free(struct windows *w)
{
	while (w->first != NULL)
		drop(&w->first);
}

enum err
windows_take(struct windows *w, const struct digest *name, const struct statement *s)
{
	struct digest revoked;

	if (statement_kind(s) == STATEMENT_MAINTENANCE)
		return add(w, name, s);
	if (statement_kind(s) != STATEMENT_REVOKE ||
	    statement_value_digest(s, "statement", &revoked) != ERR_OK)
		return ERR_OK;
	for (struct window **at = &w->first; *at != NULL; at = &(*at)->next)
		if (digest_equal(&(*at)->name, &revoked)) {
			drop(at);
			break;
		}
	return ERR_OK;
}

bool
windows_cover(struct windows *w, struct view collector, struct view workload, uint64_t time_s)
{
	struct window **at = &w->first;

	while (*at != NULL) {
		const struct window *one = *at;

		if (one->to_s <= time_s) {
			drop(at);
			continue;
		}
		if (one->from_s <= time_s &&
		    glob_match(buf_view(&one->collectors), collector, GLOB_IDENTITY) &&
		    glob_match(buf_view(&one->workloads), workload, GLOB_TEXT))
			return true;
		at = &(*at)->next;
	}
	return false;
}

static enum err
add(struct windows *w, const struct digest *name, const struct statement *s)
{
	struct window *one = calloc(1, sizeof(*one));

	if (one == NULL)
		return ERR_MEMORY;
	one->name = *name;
	one->from_s = s->not_before_s;
	one->to_s = s->not_after_s;
	buf_append_view(&one->collectors, statement_value(s, "collectors"));
	buf_append_view(&one->workloads, statement_value(s, "workloads"));
	one->next = w->first;
	w->first = one;
	if (buf_status(&one->collectors) == ERR_OK && buf_status(&one->workloads) == ERR_OK)
		return ERR_OK;
	drop(&w->first);
	return ERR_MEMORY;
}

static void
drop(struct window **at)
{
	struct window *one = *at;

	*at = one->next;
	buf_free(&one->collectors);
	buf_free(&one->workloads);
	free(one);
}

#include "policy/words/set_difference.h"

#include <stdlib.h>

/* Where a walk over both sets stands: they are sorted by path, and a path may have several
 * contents. */
struct walk {
	const struct reference_set *set;
	size_t at;
};

static void take_path(struct walk *was, struct walk *is, struct set_difference *d);
static int compare_heads(const struct walk *was, const struct walk *is);
static size_t run_of(const struct walk *w);
static bool has_same(const struct walk *was, size_t was_run, const struct walk *is, size_t is_run);

void
set_difference_find(
    const struct reference_set *was, const struct reference_set *is, struct set_difference *out)
{
	const size_t was_count = reference_count(was), is_count = reference_count(is);
	struct walk old = {was, 0}, new = {is, 0};

	*out =
	    (struct set_difference){.path = calloc(was_count + is_count + 1, sizeof(*out->path))};
	if (out->path == NULL)
		abort();
	while (old.at < was_count || new.at < is_count)
		take_path(&old, &new, out);
}

void
set_difference_free(struct set_difference *d)
{
	free(d->path);
	*d = (struct set_difference){.path = NULL};
}

/* The first path that is left, with all its contents. */
static void
take_path(struct walk *was, struct walk *is, struct set_difference *d)
{
	const int order = compare_heads(was, is);
	const size_t was_run = order <= 0 ? run_of(was) : 0, is_run = order >= 0 ? run_of(is) : 0;
	const struct walk *first = was_run > 0 ? was : is;
	const struct view path = reference_at(first->set, first->at)->path;
	const enum set_change change = was_run == 0  ? SET_ADDED
				       : is_run == 0 ? SET_REMOVED
						     : SET_CHANGED;

	if (change != SET_CHANGED || !has_same(was, was_run, is, is_run)) {
		d->path[d->path_count++] = (struct set_path){path, change};
		d->count[change]++;
	}
	was->at += was_run;
	is->at += is_run;
}

static int
compare_heads(const struct walk *was, const struct walk *is)
{
	if (was->at == reference_count(was->set))
		return 1;
	if (is->at == reference_count(is->set))
		return -1;
	return view_compare(
	    reference_at(was->set, was->at)->path, reference_at(is->set, is->at)->path);
}

/* How many entries have the path of the first. */
static size_t
run_of(const struct walk *w)
{
	const struct view path = reference_at(w->set, w->at)->path;
	size_t end = w->at;

	while (end < reference_count(w->set) && view_equal(reference_at(w->set, end)->path, path))
		end++;
	return end - w->at;
}

/* Both are sorted, none twice. */
static bool
has_same(const struct walk *was, size_t was_run, const struct walk *is, size_t is_run)
{
	if (was_run != is_run)
		return false;
	for (size_t i = 0; i < was_run; i++)
		if (reference_entry_compare(reference_at(was->set, was->at + i),
			reference_at(is->set, is->at + i)) != 0)
			return false;
	return true;
}

/* What a component of files lacks. */
#include "policy/judge_bench.h"

static void choose_families(struct judge_bench *t, const struct component *c);
static bool family_counts(const struct judge_bench *t, size_t family);
static size_t count_missing(const struct reference_set *set, const struct component *c);
static bool component_has(const struct component *c, size_t *at, struct view path);
static size_t path_end(const struct reference_set *set, size_t at);

/*
 * Every path of the sets that count must have been measured. Of sets that replace one another only
 * the one with the fewest missing paths is demanded: a host has the old version or the new one.
 * Sets whose time is over are demanded as before where none has replaced them: files that can match
 * no more must not look better for being deleted.
 */
void
judge_missing_files(struct judge_bench *t)
{
	const struct component *c = t->component;
	size_t at = 0; /* in the component */
	struct view path;
	struct buf *detail;

	choose_families(t, c);
	for (size_t i = 0; i < t->count; i++)
		t->source[i].at = 0;
	for (;;) {
		const struct judge_source *first = NULL;

		for (size_t i = 0; i < t->count; i++) {
			const struct judge_source *s = &t->source[i];

			if (s->demanded && s->at < reference_count(s->reference->set) &&
			    (first == NULL ||
				view_compare(reference_at(s->reference->set, s->at)->path,
				    reference_at(first->reference->set, first->at)->path) < 0))
				first = s;
		}
		if (first == NULL)
			return;
		path = reference_at(first->reference->set, first->at)->path;
		if (!component_has(c, &at, path)) {
			detail = verdict_find(t->b, FINDING_MISSING_FILE, t->rule->missing, path);
			if (detail != NULL) {
				buf_append_string(detail, "expected by reference set ");
				buf_append_string(detail, first->reference->name);
				if (!first->counts)
					buf_append_string(detail, ", whose time is over");
				buf_append_string(detail, ", found no such file");
			}
		}
		for (size_t i = 0; i < t->count; i++) {
			struct judge_source *s = &t->source[i];

			if (s->at < reference_count(s->reference->set) &&
			    view_equal(reference_at(s->reference->set, s->at)->path, path))
				s->at = path_end(s->reference->set, s->at);
		}
	}
}

/* Of each family one is demanded, if possible one that counts. The later one wins a tie. */
static void
choose_families(struct judge_bench *t, const struct component *c)
{
	for (size_t i = 0; i < t->count; i++) {
		struct judge_source *x = &t->source[i];

		x->demanded = x->counts || !family_counts(t, x->reference->family);
		if (x->demanded)
			x->missing = count_missing(x->reference->set, c);
	}
	for (size_t i = 0; i < t->count; i++) {
		struct judge_source *x = &t->source[i];

		for (size_t j = 0; j < i && x->demanded; j++) {
			struct judge_source *y = &t->source[j];
			bool x_wins;

			if (!y->demanded || x->reference->family != y->reference->family)
				continue;
			/* References stand in the policy's array in the order of its file. */
			x_wins = x->missing < y->missing ||
				 (x->missing == y->missing && x->reference > y->reference);
			x->demanded = x_wins;
			y->demanded = !x_wins;
		}
	}
}

static bool
family_counts(const struct judge_bench *t, size_t family)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->source[i].counts && t->source[i].reference->family == family)
			return true;
	return false;
}

static size_t
count_missing(const struct reference_set *set, const struct component *c)
{
	size_t missing = 0, at = 0;

	for (size_t i = 0; i < reference_count(set); i = path_end(set, i))
		missing += !component_has(c, &at, reference_at(set, i)->path);
	return missing;
}

/* `at` walks along with rising paths. */
static bool
component_has(const struct component *c, size_t *at, struct view path)
{
	while (*at < c->item_count && view_compare(c->items.files[*at].path, path) < 0)
		++*at;
	return *at < c->item_count && view_equal(c->items.files[*at].path, path);
}

/* The first entry behind those with the path of the one at `at`. */
static size_t
path_end(const struct reference_set *set, size_t at)
{
	const struct view path = reference_at(set, at)->path;

	while (at < reference_count(set) && view_equal(reference_at(set, at)->path, path))
		at++;
	return at;
}

/* What a component of files lacks. */
#include "policy/appraisal/judge_bench.h"

static void choose_releases(struct judge_bench *t);
static void choose_of(struct judge_bench *t, struct judge_source *x, uint64_t candidates);
static size_t count_missing(const struct reference_set *set, const struct component *c);
static bool component_has(const struct component *c, size_t *at, struct view path);
static size_t path_end(const struct reference_set *set, size_t at);

/*
 * Every path of the sets that count must have been measured, of a family those of one release: of
 * those that all files can be of the one that lacks the fewest. What lacks more is not possible
 * then.
 */
void
judge_missing_files(struct judge_bench *t)
{
	const struct component *c = t->component;
	size_t at = 0; /* in the component */
	struct view path;
	struct buf *detail;

	choose_releases(t);
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

static void
choose_releases(struct judge_bench *t)
{
	const uint64_t candidates = t->b->possible;

	for (size_t i = 0; i < t->count; i++)
		if ((candidates & t->source[i].bit) != 0)
			t->source[i].missing =
			    count_missing(t->source[i].reference->set, t->component);
	for (size_t i = 0; i < t->count; i++)
		if ((candidates & t->source[i].bit) != 0)
			choose_of(t, &t->source[i], candidates);
}

/* Whether it, or another of its family. The later one wins a tie. */
static void
choose_of(struct judge_bench *t, struct judge_source *x, uint64_t candidates)
{
	x->demanded = true;
	for (size_t i = 0; i < t->count; i++) {
		const struct judge_source *y = &t->source[i];

		if ((candidates & x->family & y->bit) == 0)
			continue;
		if (y->missing < x->missing && (t->mixed & x->family) == 0)
			t->b->possible &= ~x->bit;
		if (y->missing < x->missing ||
		    (y->missing == x->missing && y->reference->release > x->reference->release))
			x->demanded = false;
	}
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

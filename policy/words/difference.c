#include "policy/words/difference.h"

#include <string.h>

#include "policy/rules/rule.h"
#include "policy/words/rule_clauses.h"

struct comparison {
	const struct policy *was, *is;
	difference_tell *tell;
	void *context;
	struct view entry; /* that is compared */
};

static void compare_tops(struct comparison *c);
static void compare_sets(struct comparison *c);
static void compare_set(
    struct comparison *c, const struct policy_reference *was, const struct policy_reference *is);
static void compare_entries(struct comparison *c);
static void compare_entry(
    struct comparison *c, const struct policy_rule *was, const struct policy_rule *is);
static void compare_order(struct comparison *c);
static void compare_clauses(
    struct comparison *c, const struct clauses *was, const struct clauses *is);
static void compare_named(struct comparison *c, const struct clause *like,
    const struct clauses *was, const struct clauses *is);
static size_t count_lacking(const struct clauses *c, const struct clauses *other,
    const struct clause *like, const struct clause **last);
static void tell_clause(struct comparison *c, const struct clause *was, const struct clause *is);
static bool is_first_of_name(const struct clauses *c, size_t at);
static bool has_name(const struct clauses *c, const struct clause *like);
static bool is_named_alike(const struct clause *a, const struct clause *b);
static bool has(const struct clauses *c, const struct clause *one);
static const struct policy_rule *find_entry(
    const struct policy *p, struct view match, size_t place);

void
difference_find(
    const struct policy *was, const struct policy *is, difference_tell *tell, void *context)
{
	struct comparison c = {was, is, tell, context, {NULL, 0}};

	compare_tops(&c);
	compare_sets(&c);
	compare_entries(&c);
}

static void
compare_tops(struct comparison *c)
{
	struct clauses was = CLAUSES_INIT, is = CLAUSES_INIT;

	clauses_of_top(c->was, &was);
	clauses_of_top(c->is, &is);
	compare_clauses(c, &was, &is);
	clauses_free(&was);
	clauses_free(&is);
}

/* Those that both have: of the others the clauses tell. */
static void
compare_sets(struct comparison *c)
{
	for (size_t i = 0; i < c->was->reference_count; i++) {
		const struct policy_reference *was = &c->was->references[i], *is = NULL;

		for (size_t j = 0; j < c->is->reference_count && is == NULL; j++)
			if (strcmp(c->is->references[j].name, was->name) == 0)
				is = &c->is->references[j];
		if (is != NULL && !digest_equal(&was->digest, &is->digest))
			compare_set(c, was, is);
	}
}

static void
compare_set(
    struct comparison *c, const struct policy_reference *was, const struct policy_reference *is)
{
	struct difference d = {.about = DIFFERENCE_SET,
	    .set = view_of_string(was->name),
	    .files_was = reference_count(was->set),
	    .files_is = reference_count(is->set)};

	set_difference_find(was->set, is->set, &d.paths);
	if (d.paths.path_count > 0)
		c->tell(c->context, &d);
	set_difference_free(&d.paths);
}

static void
compare_entries(struct comparison *c)
{
	for (size_t i = 0; i < c->was->rule_count; i++) {
		const struct policy_rule *was = &c->was->rules[i];
		const struct policy_rule *is = find_entry(c->is, was->match, i);

		if (is != NULL)
			compare_entry(c, was, is);
		else
			c->tell(c->context,
			    &(struct difference){.about = DIFFERENCE_ENTRY, .entry = was->match});
	}
	for (size_t i = 0; i < c->is->rule_count; i++)
		if (find_entry(c->was, c->is->rules[i].match, i) == NULL)
			c->tell(c->context, &(struct difference){.about = DIFFERENCE_ENTRY,
						.entry = c->is->rules[i].match,
						.came = true});
	compare_order(c);
}

static void
compare_entry(struct comparison *c, const struct policy_rule *was, const struct policy_rule *is)
{
	struct clauses old = CLAUSES_INIT, new = CLAUSES_INIT;

	c->entry = was->match;
	clauses_of_rule(c->was, was, &old);
	clauses_of_rule(c->is, is, &new);
	compare_clauses(c, &old, &new);
	clauses_free(&old);
	clauses_free(&new);
	old = new = CLAUSES_INIT;
	if (was->start != NULL)
		clauses_of_rule(c->was, was->start, &old);
	if (is->start != NULL)
		clauses_of_rule(c->is, is->start, &new);
	compare_clauses(c, &old, &new);
	clauses_free(&old);
	clauses_free(&new);
	c->entry = (struct view){NULL, 0};
}

/* The first that matches decides: of entries that both have, the order counts. */
static void
compare_order(struct comparison *c)
{
	const struct policy_rule *last = NULL;

	for (size_t i = 0; i < c->was->rule_count; i++) {
		const struct policy_rule *is = find_entry(c->is, c->was->rules[i].match, i);

		if (is == NULL)
			continue;
		if (last != NULL && is < last) {
			c->tell(c->context,
			    &(struct difference){.about = DIFFERENCE_ORDER, .entry = is->match});
			return;
		}
		last = is;
	}
}

/* Name by name: in the order of the old ones, then those that are new. */
static void
compare_clauses(struct comparison *c, const struct clauses *was, const struct clauses *is)
{
	for (size_t i = 0; i < was->count; i++)
		if (is_first_of_name(was, i))
			compare_named(c, &was->clause[i], was, is);
	for (size_t i = 0; i < is->count; i++)
		if (is_first_of_name(is, i) && !has_name(was, &is->clause[i]))
			compare_named(c, &is->clause[i], was, is);
}

/* Where one went and one came, that one has changed. */
static void
compare_named(struct comparison *c, const struct clause *like, const struct clauses *was,
    const struct clauses *is)
{
	const struct clause *gone, *came;

	if (count_lacking(was, is, like, &gone) == 1 && count_lacking(is, was, like, &came) == 1) {
		tell_clause(c, gone, came);
		return;
	}
	for (size_t i = 0; i < was->count; i++)
		if (is_named_alike(&was->clause[i], like) && !has(is, &was->clause[i]))
			tell_clause(c, &was->clause[i], NULL);
	for (size_t i = 0; i < is->count; i++)
		if (is_named_alike(&is->clause[i], like) && !has(was, &is->clause[i]))
			tell_clause(c, NULL, &is->clause[i]);
}

/* How many of that name the other one has not; `last` of them. */
static size_t
count_lacking(const struct clauses *c, const struct clauses *other, const struct clause *like,
    const struct clause **last)
{
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (!is_named_alike(&c->clause[i], like) || has(other, &c->clause[i]))
			continue;
		count++;
		*last = &c->clause[i];
	}
	return count;
}

static void
tell_clause(struct comparison *c, const struct clause *was, const struct clause *is)
{
	c->tell(
	    c->context, &(struct difference){
			    .about = DIFFERENCE_CLAUSE, .entry = c->entry, .was = was, .is = is});
}

static bool
is_first_of_name(const struct clauses *c, size_t at)
{
	return at == 0 || !is_named_alike(&c->clause[at - 1], &c->clause[at]);
}

static bool
has_name(const struct clauses *c, const struct clause *like)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_named_alike(&c->clause[i], like))
			return true;
	return false;
}

static bool
is_named_alike(const struct clause *a, const struct clause *b)
{
	return a->part == b->part && strcmp(a->name, b->name) == 0 &&
	       view_equal(a->subject, b->subject);
}

static bool
has(const struct clauses *c, const struct clause *one)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_named_alike(&c->clause[i], one) &&
		    view_equal(buf_view(&c->clause[i].says), buf_view(&one->says)))
			return true;
	return false;
}

/* Looked for from where it would be first: an entry mostly stays in its place. */
static const struct policy_rule *
find_entry(const struct policy *p, struct view match, size_t place)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[(place + i) % p->rule_count];

		if (view_equal(r->match, match))
			return r;
	}
	return NULL;
}

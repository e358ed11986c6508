#include "signer/cases/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/words/cause.h"
#include "policy/words/rule_clauses.h"

struct coverage {
	size_t count, room;
	struct coverage_key *keys;
};

static void add_rule(struct coverage *c, const struct policy *p, const struct policy_rule *r);
static bool counts(const struct clause *clause);
static char *name_of(enum component_kind part, const char *key, struct view subject);
static struct coverage_key *find(
    const struct coverage *c, const struct policy_rule *r, const char *name);

struct coverage *
coverage_new(const struct policy *p)
{
	struct coverage *c = calloc(1, sizeof(*c));
	const struct policy_rule *r;

	if (c == NULL)
		abort();
	for (uint32_t number = 1; (r = policy_rule_at(p, number)) != NULL; number++)
		add_rule(c, p, r);
	return c;
}

void
coverage_free(struct coverage **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < (*c)->count; i++)
		free((*c)->keys[i].name);
	free((*c)->keys);
	free(*c);
	*c = NULL;
}

void
coverage_add(struct coverage *c, const struct policy *p, const struct policy_rule *r,
    const struct report_finding *f)
{
	struct coverage_key *key;
	struct cause cause;
	char *name;

	cause_of(p, r, f, &cause);
	if (cause.key == NULL)
		return;
	name = name_of(cause.part, cause.key, f->subject);
	if ((key = find(c, r, name)) != NULL)
		key->decided = true;
	free(name);
}

size_t
coverage_count(const struct coverage *c)
{
	return c->count;
}

const struct coverage_key *
coverage_at(const struct coverage *c, size_t index)
{
	return &c->keys[index];
}

static void
add_rule(struct coverage *c, const struct policy *p, const struct policy_rule *r)
{
	struct clauses clauses = CLAUSES_INIT;

	clauses_of_rule(p, r, &clauses);
	for (size_t i = 0; i < clauses.count; i++) {
		const struct clause *clause = &clauses.clause[i];
		char *name;

		if (!counts(clause))
			continue;
		name = name_of(clause->part, clause->name, clause->subject);
		if (find(c, r, name) != NULL) { /* of several demands for one fact */
			free(name);
			continue;
		}
		if (c->count == c->room) {
			c->room = c->room == 0 ? 64 : 2 * c->room;
			c->keys = reallocarray(c->keys, c->room, sizeof(*c->keys));
			if (c->keys == NULL)
				abort();
		}
		c->keys[c->count++] =
		    (struct coverage_key){.rule = r, .name = name, .line = clause->line};
	}
	clauses_free(&clauses);
}

static bool
counts(const struct clause *clause)
{
	if (strcmp(clause->name, "facts") == 0)
		return clause->line > 0;
	return clause->outcome != NULL &&
	       (clause->line > 0 || strcmp(clause->name, "unknown") == 0 ||
		   strcmp(clause->name, "changed") == 0);
}

/* Only a fact's key has a subject. */
static char *
name_of(enum component_kind part, const char *key, struct view subject)
{
	const bool fact = strcmp(key, "facts") == 0;
	char *name;

	if (asprintf(&name, "%s%s%s%s%.*s",
		part != COMPONENT_KIND_COUNT ? component_kind_name(part) : "",
		part != COMPONENT_KIND_COUNT ? "." : "", key, fact ? " " : "",
		fact ? view_precision(subject) : 0, (const char *)subject.data) < 0)
		abort();
	return name;
}

static struct coverage_key *
find(const struct coverage *c, const struct policy_rule *r, const char *name)
{
	for (size_t i = c->count; i > 0 && c->keys[i - 1].rule == r; i--)
		if (strcmp(c->keys[i - 1].name, name) == 0)
			return &c->keys[i - 1];
	for (size_t i = 0; i < c->count; i++)
		if (c->keys[i].rule == r && strcmp(c->keys[i].name, name) == 0)
			return &c->keys[i];
	return NULL;
}

#include "log/walk/log_check.h"

#include <string.h>

#include "log/leftovers.h"

static void visit(void *context, const struct tree_check_entries *entries);

enum err
log_check_begin(struct log_check *c, const struct log_reader *l,
    const struct log_check_wanted *wanted, const struct findings *f)
{
	struct walk_wanted walk = wanted->walk;

	memset(c, 0, sizeof(*c));
	c->log = l;
	c->kept = wanted->kept;
	c->kept_count = wanted->kept_count;
	defects_begin(&c->defects, f, wanted->faults_max);
	walk.origin = l->checkpoint.origin;
	if (!wanted->tree_only && walk_new(&walk, &c->defects, &c->walk) != ERR_OK)
		return ERR_MEMORY;
	c->tree = tree_check_new(&c->defects, c->walk != NULL ? visit : NULL, c->walk);
	return c->tree != NULL ? ERR_OK : ERR_MEMORY;
}

void
log_check_end(struct log_check *c)
{
	tree_check_free(&c->tree);
	walk_free(&c->walk);
}

enum outcome
log_check_run(struct log_check *c, bool leftovers)
{
	tree_check_run(c->tree, c->log);
	if (c->walk != NULL && !defects_full(&c->defects)) {
		walk_conclude(c->walk);
		walk_check_key(c->walk, "checkpoint", &c->log->signer, c->log->checkpoint.size);
		for (size_t i = 0; i < c->kept_count; i++)
			walk_check_key(c->walk, c->kept[i].what, &c->kept[i].key, c->kept[i].size);
	}
	if (leftovers && !defects_full(&c->defects))
		leftovers_check(c->log, &c->defects);
	return defects_outcome(&c->defects);
}

bool
log_check_only_unexpected(const struct log_check *c)
{
	return c->walk != NULL && c->defects.bad > 0 &&
	       c->defects.bad == walk_counts(c->walk)->unexpected;
}

bool
log_check_only_foreign(const struct log_check *c)
{
	return c->walk != NULL && walk_counts(c->walk)->foreign > 0 &&
	       c->defects.bad == walk_counts(c->walk)->unexpected + walk_counts(c->walk)->foreign;
}

static void
visit(void *context, const struct tree_check_entries *entries)
{
	walk_take(context, entries);
}

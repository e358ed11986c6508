#include "log/walk/log_check.h"

#include <inttypes.h>
#include <string.h>

#include "log/leftovers.h"

static void check_successions(struct log_check *c);
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
		check_successions(c);
		walk_check_key(c->walk, "checkpoint", &c->log->signer, c->log->checkpoint.size);
		for (size_t i = 0; i < c->kept_count; i++)
			walk_check_key(c->walk, c->kept[i].what, &c->kept[i].key, c->kept[i].size);
	}
	if (leftovers && !defects_full(&c->defects))
		leftovers_check(c->log, &c->defects);
	return defects_outcome(&c->defects);
}

/* What the lost key has signed is how the log began that goes on without it. */
static void
check_successions(struct log_check *c)
{
	const struct log_keys *k = walk_keys(c->walk);
	struct log_reader reader = *c->log;
	struct merkle_frontier f;
	struct digest root;

	for (size_t i = 0; i < k->count; i++) {
		const struct log_key_change *change = &k->change[i];
		enum err e = change->size <= change->index ? ERR_OK : ERR_PROOF;

		if (change->statements == 0)
			continue;
		if (e == ERR_OK && (e = merkle_read_frontier(
					change->size, log_read_node, &reader, &f)) == ERR_OK) {
			merkle_frontier_root(&f, &root);
			e = digest_equal(&root, &change->root) ? ERR_OK : ERR_PROOF;
		}
		if (e != ERR_OK)
			defects_add(&c->defects, e == ERR_PROOF ? OUTCOME_BAD : OUTCOME_UNKNOWN,
			    "succession",
			    "the tree of size %" PRIu64
			    " that operators have named as the lost key's "
			    "newest is not how this log began: %s",
			    change->size, err_text(e));
	}
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

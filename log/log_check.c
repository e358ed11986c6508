#include "log/log_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log/leftovers.h"

static void visit(void *context, uint64_t index, struct view entry);

enum err
log_check_begin(struct log_check *c, const struct log_reader *l,
    const struct log_check_wanted *wanted, const struct findings *f)
{
	memset(c, 0, sizeof(*c));
	c->log = l;
	defects_begin(&c->defects, f, wanted->faults_max);
	if (wanted->reports &&
	    ((c->policies = policies_new(&wanted->policies)) == NULL ||
		(c->chains = chains_new(l->checkpoint.origin, c->policies)) == NULL))
		return ERR_MEMORY;
	return ERR_OK;
}

void
log_check_end(struct log_check *c)
{
	chains_free(&c->chains);
	policies_free(&c->policies);
}

enum outcome
log_check_run(struct log_check *c, const char *directory)
{
	tree_check_run(c->log, &c->defects, c->chains != NULL ? visit : NULL, c, &c->tree);
	if (!defects_full(&c->defects))
		leftovers_check(c->log, directory, &c->defects);
	return defects_outcome(&c->defects);
}

bool
log_check_only_unexpected(const struct log_check *c)
{
	return c->chains != NULL && c->defects.bad > 0 &&
	       c->defects.bad == chains_unexpected(c->chains);
}

static void
visit(void *context, uint64_t index, struct view entry)
{
	struct log_check *c = context;
	char path[TILE_PATH_SIZE], where[TILE_PATH_SIZE + 32];
	const char *what;
	enum outcome o = chains_check(c->chains, entry, &what);

	if (o == OUTCOME_GOOD)
		return;
	tile_entries_path(index / TILE_WIDTH, TILE_WIDTH, path);
	(void)snprintf(where, sizeof(where), "%s, entry %" PRIu64, path, index);
	defects_add(&c->defects, o, where, "%s", what);
}

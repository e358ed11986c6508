/*
 * What is meant to be laid over a block and weakens it, perhaps without anybody having meant that:
 * none of it is a fault.
 */
#ifndef HALLMARK_POLICY_LAYOUT_SOFTENED_H
#define HALLMARK_POLICY_LAYOUT_SOFTENED_H

#include "config/yaml_node.h"
#include "config/yaml_tree.h"

#define SOFTENED_MAX 256 /* of a policy: who is told of so many need not be told of all */

enum softened_what {
	SOFTENED_OUTCOME, /* a block says a milder outcome than one before it */
	SOFTENED_FACTS,   /* `unmatched` is for facts that were said before, too */
	SOFTENED_USE,     /* `use: []` leaves out the blocks of the defaults */
};

/* The key and its value; what it weakens. Nodes of the tree. */
struct softened {
	enum softened_what what;
	const struct yaml_node *key, *value, *before;
};

struct softenings {
	struct softened *at;
	size_t count;
};

/*
 * Adds what weakens `under` when it is merged under `over`. An entry's `own` keys say openly what
 * they change; what of them changes the facts of others is told all the same.
 */
void softened_find(struct yaml_tree *t, struct softenings *to, const struct yaml_node *under,
    const struct yaml_node *over, bool own);
void softened_add(struct yaml_tree *t, struct softenings *to, struct softened one);

#endif

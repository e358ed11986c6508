#include "policy/layout/softened.h"

static void look_at(struct yaml_tree *t, struct softenings *to, const struct yaml_node *under,
    struct yaml_node *const *pair, bool own);
static bool has_bare_fact(const struct yaml_node *facts);
static int hardness(const struct yaml_node *value);

void
softened_find(struct yaml_tree *t, struct softenings *to, const struct yaml_node *under,
    const struct yaml_node *over, bool own)
{
	if (under == NULL || under->shape != YAML_SHAPE_MAPPING ||
	    over->shape != YAML_SHAPE_MAPPING)
		return;
	for (size_t i = 0; i < over->count; i += 2)
		if (over->child[i]->shape == YAML_SHAPE_SCALAR)
			look_at(t, to, under, &over->child[i], own);
}

void
softened_add(struct yaml_tree *t, struct softenings *to, struct softened one)
{
	if (to->at == NULL)
		to->at = yaml_tree_memory(t, SOFTENED_MAX, sizeof(*to->at));
	if (to->count < SOFTENED_MAX)
		to->at[to->count++] = one;
}

/* Of facts the lists are joined, and the word for those without one of their own is the last said.
 */
static void
look_at(struct yaml_tree *t, struct softenings *to, const struct yaml_node *under,
    struct yaml_node *const *pair, bool own)
{
	struct yaml_node *const *before = yaml_node_pair(under, pair[0]->text);
	struct yaml_node *const *facts = yaml_node_pair(under, VIEW_LITERAL("facts"));
	const int now = hardness(pair[1]), was = before != NULL ? hardness(before[1]) : 3;

	if (before != NULL && pair[1]->shape == YAML_SHAPE_MAPPING)
		softened_find(t, to, before[1], pair[1], own);
	else if (now == 0 || was <= now)
		return;
	else if (view_equal(pair[0]->text, VIEW_LITERAL("unmatched")) && facts != NULL &&
		 has_bare_fact(facts[1]))
		softened_add(t, to,
		    (struct softened){SOFTENED_FACTS, pair[0], pair[1],
			facts[1]->count > 0 ? facts[1]->child[0] : facts[1]});
	else if (before != NULL && !own)
		softened_add(
		    t, to, (struct softened){SOFTENED_OUTCOME, pair[0], pair[1], before[1]});
}

static bool
has_bare_fact(const struct yaml_node *facts)
{
	for (size_t i = 0; facts->shape == YAML_SHAPE_LIST && i < facts->count; i++)
		if (facts->child[i]->shape == YAML_SHAPE_MAPPING &&
		    yaml_node_pair(facts->child[i], VIEW_LITERAL("unmatched")) == NULL)
			return true;
	return false;
}

/* 0: it is no outcome. */
static int
hardness(const struct yaml_node *value)
{
	static const struct view outcomes[] = {
	    VIEW_LITERAL("none"), VIEW_LITERAL("warning"), VIEW_LITERAL("contraindicated")};

	for (int i = 0; value->shape == YAML_SHAPE_SCALAR && i < 3; i++)
		if (view_equal(value->text, outcomes[i]))
			return i + 1;
	return 0;
}

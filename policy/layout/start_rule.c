#include "policy/layout/start_rule.h"

#include "policy/layout/merge.h"

/*
 * Not `require`: of a running workload there is more. Nor `image`, `runtime` and `web`, nor
 * when it reports and what it gets for that.
 */
static const struct view resting[] = {
    VIEW_LITERAL("config"),
    VIEW_LITERAL("executable"),
    VIEW_LITERAL("files"),
    VIEW_LITERAL("host"),
    VIEW_LITERAL("libraries"),
    VIEW_LITERAL("max_age_s"),
    VIEW_LITERAL("missing"),
    VIEW_LITERAL("mixed_release"),
    VIEW_LITERAL("packages"),
    VIEW_LITERAL("recorded"),
    VIEW_LITERAL("release"),
    VIEW_LITERAL("unmeasured"),
};

static const struct view start_key = VIEW_LITERAL("start");
static const struct view facts_key = VIEW_LITERAL("facts");

static bool rests(struct view key);
static bool is_start(struct view key);
static void leave_facts(
    struct yaml_tree *t, struct yaml_node *under, const struct yaml_node *start);
static struct yaml_node *only(
    struct yaml_tree *t, struct yaml_node *entry, bool (*keep)(struct view key));

struct yaml_node *
start_rule_write_out(struct yaml_tree *t, struct yaml_node *entry, size_t *size)
{
	struct yaml_node *const *pair = yaml_node_pair(entry, start_key);
	struct yaml_node *written, *start;

	if (pair == NULL || pair[1]->faulty || pair[1]->shape != YAML_SHAPE_MAPPING)
		return entry;
	written = only(t, entry, rests);
	leave_facts(t, written, pair[1]);
	written = merge_over(t, written, pair[1]);
	start = only(t, entry, is_start);
	start->child[1] = written;
	start->size += written->size - pair[1]->size;
	*size += written->size;
	return merge_over(t, merge_without(t, entry, start_key), start);
}

/* Of the rules for which `start` has its own. */
static void
leave_facts(struct yaml_tree *t, struct yaml_node *under, const struct yaml_node *start)
{
	for (size_t i = 0; i < under->count; i += 2) {
		struct yaml_node *const *own = yaml_node_pair(start, under->child[i]->text);

		if (own == NULL || own[1]->shape != YAML_SHAPE_MAPPING ||
		    under->child[i + 1]->shape != YAML_SHAPE_MAPPING ||
		    yaml_node_pair(own[1], facts_key) == NULL)
			continue;
		under->size -= under->child[i + 1]->size;
		under->child[i + 1] = merge_without(t, under->child[i + 1], facts_key);
		under->size += under->child[i + 1]->size;
	}
}

static bool
rests(struct view key)
{
	for (size_t i = 0; i < sizeof(resting) / sizeof(resting[0]); i++)
		if (view_equal(key, resting[i]))
			return true;
	return false;
}

static bool
is_start(struct view key)
{
	return view_equal(key, start_key);
}

static struct yaml_node *
only(struct yaml_tree *t, struct yaml_node *entry, bool (*keep)(struct view key))
{
	struct yaml_node *n = entry;

	for (size_t i = 0; i < entry->count; i += 2)
		if (entry->child[i]->shape == YAML_SHAPE_SCALAR && !keep(entry->child[i]->text))
			n = merge_without(t, n, entry->child[i]->text);
	return n;
}

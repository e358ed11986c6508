#include "policy/layout/join.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "config/nearest.h"
#include "policy/layout/merge.h"
#include "policy/layout/start_rule.h"
#include "proto/evidence/bundle.h"

#define GUESSES_MAX 64 /* each holds a name against all blocks */

/* A block of `rules`. */
struct block {
	UT_hash_handle hh;
	const struct yaml_node *name;
	struct yaml_node *rules; /* without its name */
	bool used;
};

/* What the defaults and the blocks of one `use` say together. */
struct ground {
	UT_hash_handle hh;
	struct yaml_node *said;
	char names[]; /* each with a line feed behind */
};

struct expanding {
	struct joining *joining;
	struct yaml_node *defaults; /* without `use`; NULL: none */
	struct yaml_node *use;      /* of the defaults */
	size_t block_count;
	struct block *block; /* in the order of the files */
	struct block *by_name;
	struct ground *grounds; /* by names */
	size_t nodes;           /* of the entries that were written out */
	unsigned guesses;       /* at what was meant */
	bool unsure;            /* some blocks are not known, for their faults */
};

static void take_defaults(struct expanding *x);
static void take_blocks(struct expanding *x);
static void take_block(struct expanding *x, struct yaml_node *entry);
static bool check_block(
    struct expanding *x, const struct yaml_node *entry, const struct yaml_node *name);
static struct yaml_node *join_tops(struct joining *j);
static struct yaml_node *join_top(
    struct joining *j, struct yaml_node *joined, struct yaml_node *file);
static void expand(struct expanding *x, struct yaml_node *workloads);
static struct yaml_node *expand_entry(struct expanding *x, struct yaml_node *entry);
static struct yaml_node *ground_of(struct expanding *x, struct yaml_node *use);
static struct block *find_block(struct expanding *x, const struct yaml_node *name);
static void list_unused(struct expanding *x);
static struct yaml_node *value_of(const struct yaml_node *mapping, const char *key);

struct yaml_node *
join_files(struct joining *j)
{
	struct expanding x = {.joining = j};
	struct yaml_node *top, *workloads;

	take_defaults(&x);
	take_blocks(&x);
	top = join_tops(j);
	workloads = value_of(top, "workloads");
	if (workloads != NULL && !workloads->faulty)
		expand(&x, workloads);
	list_unused(&x);
	/* The tables alone: what they held is the tree's. */
	HASH_CLEAR(hh, x.by_name);
	HASH_CLEAR(hh, x.grounds);
	return top;
}

/* One file has them for all: whoever reads an entry must not have to look for more. */
static void
take_defaults(struct expanding *x)
{
	struct joining *j = x->joining;
	const struct yaml_node *first = NULL;

	for (size_t i = 0; i < j->file_count; i++) {
		struct yaml_node *const *pair =
		    yaml_node_pair(j->file[i], VIEW_LITERAL("defaults"));

		if (pair == NULL || pair[1]->faulty)
			continue;
		if (first != NULL) {
			faults_add(j->faults, pair[0]->file, pair[0]->line,
			    "\"defaults\" stand in %s, line %u, too; a policy has them once, for "
			    "all "
			    "of its files",
			    first->file, first->line);
			continue;
		}
		first = pair[0];
		x->use = value_of(pair[1], "use");
		x->defaults = merge_without(j->tree, pair[1], VIEW_LITERAL("use"));
	}
}

static void
take_blocks(struct expanding *x)
{
	struct joining *j = x->joining;
	size_t count = 0;

	for (size_t i = 0; i < j->file_count; i++) {
		const struct yaml_node *list = value_of(j->file[i], "rules");

		x->unsure = x->unsure || (list != NULL && list->faulty);
		count += list != NULL && !list->faulty ? list->count : 0;
	}
	x->block = yaml_tree_memory(j->tree, count, sizeof(*x->block));
	for (size_t i = 0; i < j->file_count; i++) {
		const struct yaml_node *list = value_of(j->file[i], "rules");

		for (size_t k = 0; list != NULL && !list->faulty && k < list->count; k++)
			take_block(x, list->child[k]);
	}
}

static void
take_block(struct expanding *x, struct yaml_node *entry)
{
	struct yaml_tree *tree = x->joining->tree;
	const struct yaml_node *name = value_of(entry, "name");
	struct block *b = &x->block[x->block_count];

	if (!check_block(x, entry, name)) {
		x->unsure = true;
		return;
	}
	b->name = name;
	b->rules = merge_without(tree, entry, VIEW_LITERAL("name"));
	HASH_ADD_KEYPTR(hh, x->by_name, name->text.data, name->text.size, b);
	x->block_count++;
}

/* False for a fault. */
static bool
check_block(struct expanding *x, const struct yaml_node *entry, const struct yaml_node *name)
{
	struct faults *faults = x->joining->faults;
	const struct block *before;

	if (name == NULL)
		faults_add(faults, entry->file, entry->line,
		    "key \"rules[%u].name\" is missing; it has no default", entry->place);
	if (name == NULL || name->faulty)
		return false;
	HASH_FIND(hh, x->by_name, name->text.data, name->text.size, before);
	if (bundle_workload_check(name->text) != ERR_OK)
		faults_add(faults, name->file, name->line,
		    "\"rules[%u].name\" must be without white space and \"/\" and not begin with "
		    "\".\"; found \"%s\"",
		    entry->place, (const char *)name->text.data);
	else if (before != NULL)
		faults_add(faults, name->file, name->line,
		    "\"rules[%u].name\": \"%s\" is the name of a block in %s, line %u, too",
		    entry->place, (const char *)name->text.data, before->name->file,
		    before->name->line);
	else if (x->block_count == LAYOUT_RULES_MAX)
		faults_add(faults, name->file, name->line,
		    "\"rules[%u]\": all files together may have %d blocks, and this is one more",
		    entry->place, LAYOUT_RULES_MAX);
	else
		return true;
	return false;
}

/* As if all keys stood in one file: lists one behind the other. */
static struct yaml_node *
join_tops(struct joining *j)
{
	struct yaml_node *joined = j->file[0];

	joined = merge_without(j->tree, joined, VIEW_LITERAL("include"));
	joined = merge_without(j->tree, joined, VIEW_LITERAL("defaults"));
	joined = merge_without(j->tree, joined, VIEW_LITERAL("rules"));
	for (size_t i = 1; i < j->file_count; i++) {
		struct yaml_node *file = j->file[i];

		file = merge_without(j->tree, file, VIEW_LITERAL("defaults"));
		file = merge_without(j->tree, file, VIEW_LITERAL("rules"));
		joined = join_top(j, joined, file);
	}
	return joined;
}

static struct yaml_node *
join_top(struct joining *j, struct yaml_node *joined, struct yaml_node *file)
{
	struct yaml_node *n = merge_over(j->tree, file, joined);

	for (size_t i = 0; i < n->count; i += 2) {
		struct yaml_node *const *first = yaml_node_pair(joined, n->child[i]->text);
		struct yaml_node *const *second = yaml_node_pair(file, n->child[i]->text);

		if (first != NULL && second != NULL && first[1]->shape == YAML_SHAPE_LIST &&
		    second[1]->shape == YAML_SHAPE_LIST)
			n->child[i + 1] = merge_joined(j->tree, first[1], second[1]);
	}
	return n;
}

/* In the list itself, which is nobody else's where anything is to be laid under its entries. */
static void
expand(struct expanding *x, struct yaml_node *workloads)
{
	for (size_t i = 0; i < workloads->count; i++) {
		struct yaml_node *entry = workloads->child[i];

		if (entry->shape != YAML_SHAPE_MAPPING)
			continue;
		workloads->child[i] = expand_entry(x, entry);
		if (x->nodes <= LAYOUT_NODES_MAX)
			continue;
		faults_add(x->joining->faults, entry->file, entry->line,
		    "\"workloads[%u]\": with their defaults and blocks the entries up to this one "
		    "have "
		    "%zu keys and values; at most %d are allowed for all",
		    entry->place, x->nodes, LAYOUT_NODES_MAX);
		workloads->count = i;
	}
}

static struct yaml_node *
expand_entry(struct expanding *x, struct yaml_node *entry)
{
	struct yaml_node *use = value_of(entry, "use"), *ground, *said;

	ground = ground_of(x, use != NULL ? use : x->use);
	said = merge_without(x->joining->tree, entry, VIEW_LITERAL("use"));
	x->nodes += said->size + (ground != NULL ? ground->size : 0);
	if (x->nodes > LAYOUT_NODES_MAX)
		return said;
	if (use != NULL && !use->faulty && use->count == 0 && x->use != NULL && x->use->count > 0)
		softened_add(x->joining->tree, &x->joining->softened,
		    (struct softened){SOFTENED_USE, use, use, x->use});
	if (ground != NULL) {
		softened_find(x->joining->tree, &x->joining->softened, ground, said, true);
		said = merge_over(x->joining->tree, ground, said);
	}
	return start_rule_write_out(x->joining->tree, said, &x->nodes);
}

/* NULL where nothing is said. Many entries use the same blocks. */
static struct yaml_node *
ground_of(struct expanding *x, struct yaml_node *use)
{
	const size_t faults_before = x->joining->faults->count;
	struct yaml_node *said = x->defaults;
	struct buf names = BUF_INIT;
	struct ground *g;

	if (use == NULL || use->faulty)
		return said;
	for (size_t i = 0; i < use->count; i++) {
		buf_append_view(&names, use->child[i]->text);
		buf_append_byte(&names, '\n');
	}
	buf_append_byte(&names, 0);
	if (buf_status(&names) != ERR_OK)
		abort();
	HASH_FIND_STR(x->grounds, (const char *)names.data, g);
	if (g != NULL) {
		said = g->said;
	} else {
		for (size_t i = 0; i < use->count; i++) {
			struct block *b = find_block(x, use->child[i]);

			if (b == NULL)
				continue;
			softened_find(
			    x->joining->tree, &x->joining->softened, said, b->rules, false);
			said =
			    said == NULL ? b->rules : merge_over(x->joining->tree, said, b->rules);
		}
	}
	/* Where it has a fault, each entry is to be told of its own; of the defaults' once. */
	if (g == NULL && x->joining->faults->count > faults_before) {
		use->faulty = use == x->use;
	} else if (g == NULL) {
		g = yaml_tree_memory(x->joining->tree, 1, sizeof(*g) + names.size);
		memcpy(g->names, names.data, names.size);
		g->said = said;
		HASH_ADD_STR(x->grounds, names, g);
	}
	buf_free(&names);
	return said;
}

/* NULL, and a fault, where there is none of that name; it is used from now on. */
static struct block *
find_block(struct expanding *x, const struct yaml_node *name)
{
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;
	struct block *b;

	HASH_FIND(hh, x->by_name, name->text.data, name->text.size, b);
	for (unsigned i = 0; i < name->place; i++)
		if (view_equal(name->above->child[i]->text, name->text)) {
			faults_add(x->joining->faults, name->file, name->line,
			    "\"use\" names \"%s\" twice: take one of them out",
			    (const char *)name->text.data);
			return NULL;
		}
	if (b != NULL) {
		b->used = true;
		return b;
	}
	if (x->unsure)
		return NULL;
	nearest_begin(&nearest, name->text);
	for (size_t i = 0; i < x->block_count && x->guesses < GUESSES_MAX; i++)
		nearest_offer(&nearest, (const char *)x->block[i].name->text.data);
	x->guesses++;
	faults_add(x->joining->faults, name->file, name->line,
	    "\"use\" names \"%s\", which is no block of \"rules\"%s", (const char *)name->text.data,
	    nearest_question(&nearest, question));
	return NULL;
}

static void
list_unused(struct expanding *x)
{
	struct joining *j = x->joining;

	j->unused = yaml_tree_memory(j->tree, x->block_count, sizeof(struct yaml_node *));
	for (size_t i = 0; i < x->block_count; i++)
		if (!x->block[i].used)
			j->unused[j->unused_count++] = x->block[i].name;
}

static struct yaml_node *
value_of(const struct yaml_node *mapping, const char *key)
{
	struct yaml_node *const *pair = yaml_node_pair(mapping, view_of_string(key));

	return pair != NULL ? pair[1] : NULL;
}

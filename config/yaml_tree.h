/*
 * A YAML text as a tree of values that know their file and line: what libyaml reads, before any
 * schema is held against it.
 *
 * Stricter than YAML: no anchors, aliases, tags or second documents, nothing nested deeper than
 * YAML_DEPTH_MAX. Each of these is a fault; what stands before a fault of syntax is in the tree.
 */
#ifndef HALLMARK_CONFIG_YAML_TREE_H
#define HALLMARK_CONFIG_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "config/yaml_node.h"
#include "proto/bytes.h"

#define YAML_DEPTH_MAX 16 /* nested lists and mappings; our schemas have 6 */

/* Owns its nodes, which live as long, and whatever else is made in its memory. */
struct yaml_tree;

struct yaml_tree *yaml_tree_new(void);
void yaml_tree_free(struct yaml_tree **t);

/* Zeroed; aborts for want of it. */
void *yaml_tree_memory(struct yaml_tree *t, size_t count, size_t size);

/*
 * Reads one text of UTF-8 into the tree, with all its faults. `file` is copied. NULL where there is
 * nothing; `*sound` says that nothing broke it off, and that the value as a whole may be used.
 */
struct yaml_node *yaml_tree_read(
    struct yaml_tree *t, const char *file, struct view bytes, struct faults *faults, bool *sound);

#endif

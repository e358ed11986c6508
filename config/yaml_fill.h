/*
 * The struct that a libcyaml schema describes, made of a tree that was held against it.
 *
 * libcyaml's own loader would read the text again, and copy what several parts of a tree have in
 * common; here the struct is of what was checked, and shares with the tree what it can.
 */
#ifndef HALLMARK_CONFIG_YAML_FILL_H
#define HALLMARK_CONFIG_YAML_FILL_H

#include <cyaml/cyaml.h>

#include "config/yaml_tree.h"

/*
 * `n` was walked by this schema (yaml_walk.h), a pointer to a mapping. What was faulty, or is not
 * there, is zero or NULL. In the memory of the tree `t`, with the texts of the one of `n`, and
 * frozen: where two places have the same mapping, by a pointer, they have the same struct.
 */
void *yaml_fill(struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n);

#endif

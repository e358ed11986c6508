/*
 * The one spelling of a YAML text: a key a line, two columns for each depth, lists and mappings
 * without mappings in them on one line where they fit. Keys, entries and comments keep their order,
 * what stood in quotes stays so, a comment at the end of a line keeps its column, of blank lines
 * one stays.
 */
#ifndef HALLMARK_SIGNER_POLICIES_YAML_SPELLING_H
#define HALLMARK_SIGNER_POLICIES_YAML_SPELLING_H

#include "config/yaml_tree.h"
#include "proto/bytes.h"
#include "signer/policies/yaml_comments.h"

#define YAML_SPELLING_COLUMNS 100 /* of what is put on one line */

/* Appends it. A tree without faults, and the comments of its text. */
void yaml_spelling_write(
    const struct yaml_node *top, const struct yaml_comments *comments, struct buf *to);

#endif

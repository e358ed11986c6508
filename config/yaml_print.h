/*
 * A tree as YAML text, a key or entry a line: for people to read, and read as the same tree.
 */
#ifndef HALLMARK_CONFIG_YAML_PRINT_H
#define HALLMARK_CONFIG_YAML_PRINT_H

#include "config/yaml_node.h"

/* Appends the value, which has no faults; a line feed behind. */
void yaml_print(const struct yaml_node *n, struct buf *to);

#endif

/*
 * The rules of a component's items that its reader and its writer share.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_ITEMS_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_ITEMS_H

#include "proto/evidence/component.h"

/* The order of files: by path, then by the other columns as they stand. 0: equal in all. */
int component_file_compare(const struct component_file *a, const struct component_file *b);

/* ERR_MSG_RANGE unless path, size and flags are within their limits. */
enum err component_file_check(const struct component_file *f) MUST_USE;

/* ERR_MSG_RANGE unless 1 to 64 characters of printable ASCII without space. */
enum err component_fact_name_check(struct view name) MUST_USE;

#endif

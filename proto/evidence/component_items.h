/*
 * The rules of a component's items that its reader and its writer share.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_ITEMS_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_ITEMS_H

#include "proto/evidence/component.h"

/* ERR_MSG_RANGE unless path, size and flags are within their limits; details are not looked at. */
enum err component_file_check(const struct component_file *f) MUST_USE;

/*
 * ERR_MSG_RANGE unless `detail` is one (proto/evidence/component.h) and may stand behind `before`,
 * which is the empty view for the first of a file.
 */
enum err component_detail_check(struct view before, struct view detail) MUST_USE;

/* ERR_MSG_RANGE unless 1 to 64 characters of printable ASCII without space. */
enum err component_fact_name_check(struct view name) MUST_USE;

#endif

/*
 * One item of a component, out of JSON as doc/outputs.md has it.
 */
#ifndef HALLMARK_SIGNER_CASES_EVIDENCE_ITEM_H
#define HALLMARK_SIGNER_CASES_EVIDENCE_ITEM_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/evidence/component.h"

/* Add it. NULL, or what is wrong with it. `made`: what the component was made with. */
const char *evidence_item_file(json_t *item, struct component_builder *to);
const char *evidence_item_fact(json_t *item, bool made, struct component_builder *to);

#endif

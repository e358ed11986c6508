/*
 * A copy of a libcyaml schema in which every key is optional and every list may be empty.
 */
#ifndef HALLMARK_CONFIG_YAML_RELAX_H
#define HALLMARK_CONFIG_YAML_RELAX_H

#include <cyaml/cyaml.h>

struct yaml_relaxed;

/* Aborts for want of memory. */
struct yaml_relaxed *yaml_relax(const cyaml_schema_value_t *schema);
const cyaml_schema_value_t *yaml_relaxed_schema(const struct yaml_relaxed *r);
void yaml_relaxed_free(struct yaml_relaxed **r);

#endif

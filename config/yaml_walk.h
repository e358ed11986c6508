/*
 * The tree of a YAML text (yaml_tree.h) held against a libcyaml schema: every fault noted, and
 * marked in the tree, so that what is good can be used all the same.
 *
 * Stricter than libcyaml, which reads "flase" as true, 010 as eight and takes the last of two equal
 * keys: booleans are `true` and `false`, numbers are plain decimals, a key stands once, and text is
 * printable. Only the parts of a schema that Hallmark uses are known: mappings, lists, strings,
 * unsigned numbers, booleans and strict enumerations.
 */
#ifndef HALLMARK_CONFIG_YAML_WALK_H
#define HALLMARK_CONFIG_YAML_WALK_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "config/faults.h"
#include "config/yaml_tree.h"

/*
 * Adds every fault to `faults`; false if nothing can be made of the value. In a part, which others
 * complete, no key has to be there; in a whole all that the schema does not call optional. What was
 * faulty before is passed over, and so is what was found to be a good whole.
 */
enum yaml_extent { YAML_PART, YAML_WHOLE };
bool yaml_walk(struct yaml_node *n, const cyaml_schema_value_t *schema, enum yaml_extent extent,
    struct faults *faults);

#endif

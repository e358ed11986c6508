/*
 * The first pass over a YAML file: libyaml's events against a libcyaml schema, every fault noted,
 * and what is good written out again as JSON (which is YAML) for libcyaml to load.
 *
 * Stricter than libcyaml, which reads "flase" as true, 010 as eight and takes the last of two equal
 * keys: booleans are `true` and `false`, numbers are plain decimals, a key stands once, text is
 * printable, and there are no anchors, aliases, tags or second documents. Only the parts of a
 * schema that Hallmark uses are known: mappings, lists, strings, unsigned numbers, booleans and
 * strict enumerations.
 */
#ifndef HALLMARK_CONFIG_YAML_WALK_H
#define HALLMARK_CONFIG_YAML_WALK_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "config/faults.h"
#include "proto/bytes.h"

#define YAML_DEPTH_MAX 16 /* nested lists and mappings; our schemas have 6 */

/* Called with each known key and each entry of a list, and whether its value could be used. */
typedef void yaml_walk_key(void *context, const char *key_path, unsigned line, bool good);

/*
 * Adds what is good to `clean` as JSON, and every fault to `faults`. `bytes` must be UTF-8.
 * False if nothing can be made of the file: then `clean` is not to be used.
 */
bool yaml_walk(const char *file, struct view bytes, const cyaml_schema_value_t *schema,
    struct faults *faults, yaml_walk_key *on_key, void *context, struct buf *clean);

#endif

/*
 * Configurations in YAML (1.1 as libyaml reads it), in UTF-8: a key for each scalar and each empty
 * mapping or sequence, called by its place (keypath.h).
 *
 * A plain scalar is its text as YAML folds it, whatever a schema would make of it; one in quotes,
 * or in a block, is its text between two quotation marks. A scalar with a tag has "!<TAG> " before
 * it, a mapping or sequence with one a value "!<TAG>" of its own; TAG is whole, escaped as keys
 * are, and so is ">" in it. {} and [] are an empty mapping and sequence. An alias is what it means.
 * "<<" is a name like any other: nothing is merged.
 *
 * A name that stands twice in a mapping has both values; so have documents of one stream. Names are
 * scalars without a tag; quotes around them make no difference.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_YAML_H
#define HALLMARK_COLLECTOR_KEYS_YAML_H

#include "collector/keys/keyed.h"

#define YAML_STEPS_MAX 200000 /* nodes with what aliases mean, all documents */

/*
 * ERR_FORMAT for what is no such YAML, a name of another kind, or an alias within what it means;
 * ERR_FORMAT_SIZE over a limit; ERR_MEMORY.
 */
enum err yaml_keys_read(struct view text, struct keyed *to) MUST_USE;

#endif

/*
 * How a policy is laid out: in several files (`include`), with what all workloads have in common
 * (`defaults`) and blocks that they name (`rules`, `use`). From the texts to one file as if all had
 * been written out in it; behind it nothing knows of files and blocks but for the places of faults.
 *
 * What a workload says are the defaults, then the blocks that it uses in their order, then its own
 * keys: each laid over what was before (policy/layout/merge.h). A block uses no blocks and a file
 * that is included includes none, so that nothing goes round in a circle.
 */
#ifndef HALLMARK_POLICY_LAYOUT_LAYOUT_H
#define HALLMARK_POLICY_LAYOUT_LAYOUT_H

#include "config/faults.h"
#include "config/yaml.h"
#include "policy/layout/include.h"
#include "policy/layout/limits.h"
#include "policy/layout/softened.h"
#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends the text. `*shown`, to be freed, is its name in faults; those of reading it are the
 * reader's to add.
 */
typedef enum err layout_read(void *context, const struct layout_include *include,
    struct faults *faults, struct buf *to, char **shown);

/* Schemas: of the policy and of what it includes as they are written, and of all of it together. */
struct layout_form {
	const cyaml_schema_value_t *policy, *included, *whole;
};

/* What was loaded, with the texts. */
struct layout;

/*
 * `name` is that of the policy in faults. ERR_CONFIG where any was added, or what `read` gave, and
 * then *out is NULL if nothing can be made of it; else it is what was good (config/yaml.h).
 */
enum err layout_load(const struct layout_form *form, const char *name, struct view policy,
    layout_read *read, void *context, struct faults *faults, struct layout **out) MUST_USE;
void layout_free(struct layout **l);

/* All of it as one file, whose bytes are the policy's alone. Lives as long as the layout. */
struct yaml_file *layout_yaml(const struct layout *l);

/* The files that it includes, in their order. */
size_t layout_text_count(const struct layout *l);
const char *layout_text_name(const struct layout *l, size_t index);
const char *layout_text_file(const struct layout *l, size_t index); /* as the policy has it */
struct view layout_text(const struct layout *l, size_t index);

/*
 * The directory, with its "/", of the file in which something is written, from the policy's: as
 * long as *size says, 0 for what the policy itself says.
 */
const char *layout_directory(const struct layout *l, const struct yaml_spot *spot, size_t *size);

/* Blocks that no workload uses. */
struct layout_unused {
	const char *name;
	struct yaml_spot spot;
};
size_t layout_unused_count(const struct layout *l);
struct layout_unused layout_unused_at(const struct layout *l, size_t index);

/* What weakens a block: its key and value, where they stand, and where stands what is weakened. */
struct layout_softened {
	enum softened_what what;
	const char *key, *value; /* of SOFTENED_USE nothing */
	struct yaml_spot spot, before;
};
size_t layout_softened_count(const struct layout *l);
struct layout_softened layout_softened_at(const struct layout *l, size_t index);

#endif

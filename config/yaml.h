/*
 * YAML files into structs by libcyaml's schemas, with every fault of a file reported at once.
 *
 * libcyaml stops at the first fault, so a file is read into a tree (yaml_tree.h), which is walked
 * against the schema (yaml_walk.h): unknown keys (with the nearest known one), missing keys, wrong
 * types, numbers that do not fit, duplicate keys, anchors and aliases, tags. Of a file with faults,
 * what is good is loaded all the same, so that the checks of its meaning can find theirs in the
 * same run; it is never used for anything else.
 */
#ifndef HALLMARK_CONFIG_YAML_H
#define HALLMARK_CONFIG_YAML_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "config/faults.h"
#include "config/yaml_tree.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define YAML_FILE_SIZE_MAX (4 * 1024 * 1024) /* bytes: a policy with thousands of workloads */

/* A loaded file: the struct that the schema describes, and where each key stands. */
struct yaml_file;

/*
 * Loads `path` by `schema` (a pointer to a mapping). On any fault: adds it to `faults` and returns
 * ERR_CONFIG. Then *out is NULL if nothing could be made of the file; otherwise it is what was
 * good in it, to look for more faults in: keys that were missing or faulty are zero or NULL, lists
 * may be shorter than the schema allows.
 */
enum err yaml_load_file(const char *path, const cyaml_schema_value_t *schema, struct faults *faults,
    struct yaml_file **out) MUST_USE;

/* The same from memory; `name` stands for the file in faults. */
enum err yaml_load_bytes(const char *name, struct view bytes, const cyaml_schema_value_t *schema,
    struct faults *faults, struct yaml_file **out) MUST_USE;

/*
 * The same of a tree that was put together, of the texts it was read from; all of its values have
 * been walked as parts. Takes the tree over; *out is NULL if nothing can be made of it. `bytes` are
 * those of one text, for yaml_file_bytes.
 */
void yaml_file_make(struct yaml_tree *tree, struct yaml_node *top, struct view bytes,
    const cyaml_schema_value_t *schema, struct faults *faults, struct yaml_file **out);

/*
 * A text alone, as yaml_tree_read gives it; its size and encoding are looked at, and a byte order
 * mark is passed over.
 */
struct yaml_node *yaml_read(
    struct yaml_tree *t, const char *name, struct view bytes, struct faults *faults, bool *sound);

/* The loaded struct; owned by the file, frozen. */
const void *yaml_file_data(const struct yaml_file *f);

/* The bytes that were loaded. */
struct view yaml_file_bytes(const struct yaml_file *f);

/* The line of a key, such as "tls.key" or "workloads[2].match"; 0 if it is not in the file. */
unsigned yaml_file_line(const struct yaml_file *f, const char *key_path);

/*
 * Where a key stands; the file is NULL if it does not. Appends where it is written to `path`, which
 * is another place where it was put together: "rules[0].runtime" is "workloads[7].runtime" then.
 */
struct yaml_spot {
	const char *file;
	unsigned line;
};
struct yaml_spot yaml_file_spot(const struct yaml_file *f, const char *key_path, struct buf *path);

/* Appends all of it, as it was put together, in YAML; and the value of one key. */
void yaml_file_print(const struct yaml_file *f, const char *key_path, struct buf *to);

/* The key is in the file, and so is its value in the struct: it had no fault. */
bool yaml_file_has(const struct yaml_file *f, const char *key_path);

void yaml_file_free(struct yaml_file **f);

#endif

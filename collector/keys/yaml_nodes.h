/*
 * A document of a YAML stream as libyaml reads it, while it is looked at: its nodes in the order in
 * which they stand, and which of them an alias means. Only collector/keys/ includes this.
 *
 * What a file can make of it is bounded: nodes of all documents, depth, anchors, directives, and by
 * KEYED_BYTES_MAX the text of a document, as %TAG can have a short tag stand for a long one.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_YAML_NODES_H
#define HALLMARK_COLLECTOR_KEYS_YAML_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define YAML_NODES_MAX   200000 /* of a file: ten times the values that may be wanted of it */
#define YAML_ANCHORS_MAX 1024   /* of a document; each alias is looked for among them */

/* Lines of a file that begin with "%": libyaml looks for each among all of its document. */
#define YAML_DIRECTIVES_MAX 1024

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING, YAML_ALIAS };

/* Of a mapping, names and values come in turn behind it. */
struct yaml_node {
	enum yaml_kind kind;
	bool quoted; /* a scalar that is not plain */
	bool tagged;
	size_t text, size;         /* of a scalar: where it is in the text of all */
	size_t tag_text, tag_size; /* of what is tagged */
	size_t end;                /* index behind the last node below */
	size_t target;             /* of an alias: the node that is meant */
};

struct yaml_nodes;

struct yaml_nodes *yaml_nodes_new(struct view stream); /* NULL: no memory. Borrowed. */
void yaml_nodes_free(struct yaml_nodes **n);

/*
 * The next document's, whose first is the top; count 0: there is none any more. ERR_FORMAT for what
 * is no YAML in UTF-8, an alias of nothing, or of what it stands in; ERR_FORMAT_SIZE over a limit;
 * ERR_MEMORY. Valid until the next call.
 */
enum err yaml_nodes_next(
    struct yaml_nodes *n, const struct yaml_node **list, size_t *count) MUST_USE;

struct view yaml_nodes_text(const struct yaml_nodes *n, const struct yaml_node *scalar);
struct view yaml_nodes_tag(const struct yaml_nodes *n, const struct yaml_node *tagged);

#endif

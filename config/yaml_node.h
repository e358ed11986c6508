/*
 * One value of a YAML text, with what it is written in and what stands in it.
 */
#ifndef HALLMARK_CONFIG_YAML_NODE_H
#define HALLMARK_CONFIG_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

enum yaml_shape { YAML_SHAPE_SCALAR, YAML_SHAPE_LIST, YAML_SHAPE_MAPPING, YAML_SHAPE_ALIAS };

/* A large policy is half a million of them: the order of members leaves no gaps. */
struct yaml_node {
	const char *file; /* as faults name it */
	unsigned line;    /* on which it begins */
	unsigned place;   /* among the children of `above` */
	unsigned size;    /* nodes: how many it is and holds, keys too */
	enum yaml_shape shape : 2;
	bool plain : 1;  /* a scalar without quotes */
	bool marked : 1; /* had an anchor or a tag: its fault is noted */
	bool cut : 1;    /* the text broke off in it: its fault is noted */
	bool merged : 1; /* of several, of which `above` has the last word */

	/* What a schema made of it (yaml_walk.h, yaml_fill.h). */
	bool faulty : 1;  /* it is not to be used: its fault is noted */
	bool checked : 1; /* in a whole, all keys of it too */
	void *filled;     /* the struct that was made of a mapping, where schemas have a pointer */

	/* What it is written in; NULL for all of a text. Of a merged one, what it stands for. */
	const struct yaml_node *above;
	union {
		struct view text; /* of a scalar; a NUL stands behind it */
		/* Entries of a list; of a mapping keys and values in turn, in their order. */
		struct {
			size_t count;
			struct yaml_node **child;
		};
	};
};

/*
 * The key of that name, the first of several, and its value behind it; NULL if there is none that
 * the schema knows.
 */
struct yaml_node *const *yaml_node_pair(const struct yaml_node *mapping, struct view key);

/* A value by its place below another, such as "tls.key" or "workloads[2].match", or NULL. */
struct yaml_place {
	const struct yaml_node *value;
	const struct yaml_node *key; /* NULL for the entry of a list */
};
struct yaml_place yaml_node_find(const struct yaml_node *n, const char *path);

/*
 * Appends where the value is written, such as "rules[3].files.unknown"; nothing for all of a text.
 * Of a key that of its mapping.
 */
void yaml_node_path(const struct yaml_node *n, struct buf *to);

/* They say the same, in whatever lines; plain texts and those in quotes are not the same. */
bool yaml_node_is_same(const struct yaml_node *a, const struct yaml_node *b);

#endif

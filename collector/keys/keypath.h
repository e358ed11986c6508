/*
 * Where in a tree of names and lists a value stands, as the key that a fact has for it: `a.b.0.c`.
 *
 * Levels have a dot between them. An element of a list is its number, from 0. A name is escaped as
 * every key is (keyed.h), so are its dots; and no name can be taken for a number or for nothing:
 * of one that consists of digits the first is "%" with two hexadecimal digits, and one without
 * bytes is "%" alone. So two places never have one key, and the top itself has the empty one.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_KEYPATH_H
#define HALLMARK_COLLECTOR_KEYS_KEYPATH_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Configurations have some ten. Readers call themselves once for a level. */
#define KEYPATH_DEPTH_MAX 64

struct keypath {
	struct buf text;
	size_t depth;
	size_t begin[KEYPATH_DEPTH_MAX]; /* size of `text` before each level */
};

#define KEYPATH_INIT ((struct keypath){.text = BUF_INIT})

/* One level down. ERR_FORMAT_SIZE below the deepest, or over KEYED_KEY_MAX bytes; ERR_MEMORY. */
enum err keypath_name(struct keypath *p, struct view name) MUST_USE;
enum err keypath_index(struct keypath *p, size_t index) MUST_USE;

/* Up to a depth that was before. */
void keypath_back(struct keypath *p, size_t depth);

/* Valid until the next call. */
struct view keypath_view(const struct keypath *p);

void keypath_free(struct keypath *p);

#endif

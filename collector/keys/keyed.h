/*
 * A configuration as data: keys and their values, while they are gathered for facts. The fact of a
 * key is called `NAME:KEY`, NAME being the file's short name. In a key, each byte that is not
 * printable ASCII, space and "%" is "%" with two capital hexadecimal digits. A key that stands
 * several times is one fact with all its values in their order. A fact whose name would have more
 * than COMPONENT_FACT_NAME_MAX bytes is called `NAME:sha256:` and 16 digits, the first of the
 * SHA-256 of that name, and has that name for its first value.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_KEYED_H
#define HALLMARK_COLLECTOR_KEYS_KEYED_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define KEYED_KEYS_MAX 20000 /* keys with values of one file; each may be an item */
#define KEYED_KEY_MAX  4096  /* bytes of a key as a fact has it */
#define KEYED_NAME_MAX 32    /* bytes of a file's short name: leaves room for the digest */

/* Bytes of all keys and values that are wanted: four times a file, so that no alias of YAML's, nor
 * a long key with much below it, makes more of it. */
#define KEYED_BYTES_MAX (16 * 1024 * 1024)

struct keyed;

/* `patterns` are of fnmatch(3), of keys that are wanted; without any, all are. Borrowed. */
struct keyed *keyed_new(
    const char *name, const char *const *patterns, size_t pattern_count); /* NULL: no memory */
void keyed_free(struct keyed **k);

/*
 * A key, and before it the section that it is in, with a dot between; `section` may be empty.
 * ERR_FORMAT_SIZE over a limit, ERR_MEMORY.
 */
enum err keyed_add(
    struct keyed *k, struct view section, struct view key, struct view value) MUST_USE;

/* The same of a key that is escaped already. */
enum err keyed_put(struct keyed *k, struct view key, struct view value) MUST_USE;

/* A byte as a key has it, and so where it stands for itself otherwise. */
void keyed_append(struct buf *to, uint8_t byte);
void keyed_append_escaped(struct buf *to, uint8_t byte);

/* Whether the fact is of a key that had not room in its name; `whole` is it then, a view of `f`. */
bool keyed_is_short_for(const struct component_fact *f, struct view *whole);

/* Adds a fact for each key. ERR_MSG_DUPLICATE if two long keys have one digest, ERR_MEMORY. */
enum err keyed_finish(struct keyed *k, struct component_builder *to) MUST_USE;

#endif

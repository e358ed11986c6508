/*
 * Extension maps in MessagePack: what a later version, or somebody else, adds to a bundle without
 * changing its form. A reader that does not know a key carries it on and decides nothing by it.
 *
 *   {key: value, ...}   1 to 16 pairs, at most 1,024 bytes, keys rising bytewise
 *
 * A key is 1 to 32 bytes of a-z, 0-9 and '_'. A value is an unsigned integer, a printable str
 * (proto/text.h), a bin, or arrays and maps of these, nested at most 3 deep, with the same rules
 * for their keys; a map in a value may be empty. There is one valid spelling: the shortest
 * MessagePack forms.
 *
 * Reading goes pair by pair and needs no memory; each pair is checked when it is given.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_EXTENSION_MAP_H
#define HALLMARK_PROTO_EVIDENCE_EXTENSION_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/mp_read.h"

/* What a bundle of BUNDLE_SIZE_MAX has room for beside seven components: twenty digests. */
#define EXTENSION_MAP_SIZE_MAX 1024 /* bytes */
#define EXTENSION_PAIRS_MAX    16   /* of each map */
#define EXTENSION_KEY_MAX      32   /* bytes */
#define EXTENSION_DEPTH_MAX    3    /* containers in a value; the extension map is not counted */

/* A map that is being read; `key` and `value` are those of the pair that was read last. */
struct extension_map {
	uint32_t left; /* pairs that were not read yet */
	struct view key;
	struct mp_item value; /* of an array or map only the header */
	struct view inside;   /* what follows that header, to the end of the value */
	bool canonical;       /* all that was read so far is in its one spelling */
	struct view bytes; /* all of the map, once it was read to its end; points into the input */
	const uint8_t *begin; /* private */
	struct view rest;     /* behind what was read */
};

/*
 * Begins to read the map at the front of `bytes`. ERR_MSG_TYPE if there is none, ERR_MSG_RANGE for
 * too many pairs. One without pairs is not canonical: it is left out instead.
 */
enum err extension_map_begin(struct view bytes, struct extension_map *m) MUST_USE;

/*
 * Reads the next pair; only while m->left > 0. ERR_MSG_TYPE, ERR_MSG_RANGE, ERR_MSG_DEPTH,
 * ERR_MSG_DUPLICATE (a key equal to the one before it), ERR_MSG_COUNT, ERR_MSG_SYNTAX. Another
 * order and longer forms are no errors here: they clear m->canonical.
 */
enum err extension_map_next(struct extension_map *m) MUST_USE;

#endif

/*
 * One image that is being read: where it comes from, what it may cost, and how it is refused.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_READING_H
#define HALLMARK_POLICY_IMAGES_IMAGE_READING_H

#include <stdint.h>

#include "config/faults.h"
#include "policy/images/image_store.h"
#include "policy/images/image_tree.h"
#include "proto/bytes.h"
#include "proto/err.h"

struct image_reading {
	const char *file;
	struct faults *faults;
	struct image_store *store;
	struct image_tree *tree;
	uint64_t left;  /* bytes that may still be unpacked */
	uint64_t limit; /* of these, all together */
	size_t members; /* of all layers, so far */
};

/* Adds a fault, with `shown` in quotes behind it where that is not empty: ERR_CONFIG. */
enum err image_refuse(const struct image_reading *r, const char *what, struct view shown) MUST_USE;

#endif

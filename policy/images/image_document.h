/*
 * Documents of an image: each is read by the digest and size that what names it has, and is JSON.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_DOCUMENT_H
#define HALLMARK_POLICY_IMAGES_IMAGE_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/images/image_reading.h"
#include "proto/bytes.h"
#include "proto/digest.h"

/* What names a part: `mediaType`, `digest`, `size`. The view is of the document's. */
struct image_descriptor {
	struct view type;
	struct digest digest;
	uint64_t size; /* bytes */
};

/* ERR_CONFIG with a fault, where it is none: of SHA-256 alone. */
enum err image_descriptor_take(
    const struct image_reading *r, const json_t *j, struct image_descriptor *out) MUST_USE;

/*
 * Reads what is stored under the name; `expected` NULL: whatever it is. The object is to be
 * released by json_decref, NULL after an error. ERR_CONFIG with a fault.
 */
enum err image_document_read(const struct image_reading *r, struct view name,
    const struct image_descriptor *expected, json_t **out, struct digest *digest) MUST_USE;

/* As `manifest.json` of docker save, which is a list: the object has it as `images`. */
enum err image_document_read_list(
    const struct image_reading *r, struct view name, json_t **out) MUST_USE;

bool image_type_is_index(struct view type);
bool image_type_is_manifest(struct view type);

#endif

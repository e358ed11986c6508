/*
 * One layer of an image: unpacked, checked, and laid over those before.
 *
 * Whiteouts (`.wh.NAME`, `.wh..wh..opq`) take away what layers before have, whatever their place in
 * the tar. Refused is what no packer writes and some unpackers fall for: absolute names, `.` and
 * `..`, hard links to what is no file of the image, devices, sparse files, a name twice, a file
 * below a symbolic link, more than was allowed.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_LAYER_H
#define HALLMARK_POLICY_IMAGES_IMAGE_LAYER_H

#include "policy/images/image_reading.h"
#include "policy/images/unpacking.h"
#include "proto/digest.h"

#define IMAGE_MEMBERS_MAX 1000000 /* of the tars of all layers */

/* As the manifest and the configuration have it. */
struct image_layer {
	struct view name; /* in the store */
	enum unpacking_form form;
	bool has_digest; /* of what is stored, and its size */
	struct digest digest;
	uint64_t size;
	struct digest diff_id; /* of what it unpacks to */
};

/* ERR_CONFIG with a fault. */
enum err image_layer_apply(struct image_reading *r, const struct image_layer *l) MUST_USE;

#endif

/*
 * Images of virtual machines' disks, by the digest of the file: nothing is looked for in them.
 *
 * Qcow2 that lies in a file of its own alone, and raw with a boot record (which GPT has, too). What
 * has its content in another file is refused: its digest would say little.
 */
#ifndef HALLMARK_POLICY_IMAGES_DISK_IMAGE_H
#define HALLMARK_POLICY_IMAGES_DISK_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "proto/digest.h"
#include "proto/err.h"

struct disk_image {
	const char *form; /* a literal: qcow2 or raw */
	struct digest digest;
	uint64_t size; /* bytes of the file */
};

/* By its beginning. False also where it cannot be read: then it is none of the others either. */
bool disk_image_is(const char *file);

/* Adds the file under the path that it really has, by content alone. ERR_CONFIG with a fault. */
enum err disk_image_read(
    const char *file, struct faults *faults, struct set_draft *to, struct disk_image *out) MUST_USE;

#endif

/*
 * Where the parts of an image lie: a directory, or a tar of one. Parts have names; what is in them,
 * whoever asks checks by digest.
 *
 *   layout    `oci-layout`, `index.json`, `blobs/sha256/HEX` (OCI image layout), as a directory or
 *             as a tar (oci-archive)
 *   docker    `manifest.json` and what that names, as a tar (docker save)
 *   dir       `version`, `manifest.json` and blobs called HEX (skopeo's dir:)
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_STORE_H
#define HALLMARK_POLICY_IMAGES_IMAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define IMAGE_DOCUMENT_MAX (4 * 1024 * 1024) /* bytes: the least that registries have to take */
#define IMAGE_STORE_NAMES  20000             /* members of a tar: a hundred layers have some 400 */

enum image_store_form { IMAGE_STORE_LAYOUT, IMAGE_STORE_DOCKER, IMAGE_STORE_DIR };

struct image_store;
struct image_blob;

/* ERR_CONFIG with a fault. `file` and `faults` are borrowed. */
enum err image_store_new(
    const char *file, struct faults *faults, struct image_store **out) MUST_USE;
void image_store_free(struct image_store **s);

enum image_store_form image_store_form(const struct image_store *s);
bool image_store_is_archive(const struct image_store *s);

/* The part with this digest: appends its name. */
void image_store_blob_name(const struct image_store *s, const struct digest *d, struct buf *to);

/* A document, at most IMAGE_DOCUMENT_MAX. ERR_CONFIG with a fault. */
enum err image_store_read(struct image_store *s, struct view name, struct buf *to) MUST_USE;

/* ERR_CONFIG with a fault. */
enum err image_store_open(
    struct image_store *s, struct view name, struct image_blob **out) MUST_USE;
void image_blob_close(struct image_blob **b);

/* The next bytes: how many, 0 at the end, -1 if that failed; why, image_blob_error says then. */
ssize_t image_blob_read(struct image_blob *b, const void **data);
const char *image_blob_error(const struct image_blob *b); /* NULL: nothing failed */

#endif

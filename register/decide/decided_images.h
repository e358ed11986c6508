/*
 * What is known of images that are to be started: of each, by the SHA-256 of its manifest, the
 * newest report about it of each log. Such reports are of gates before a start (`artifact` of a
 * bundle): one chain speaks for many images, one after the other, and so the chain's newest is not
 * enough.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDED_IMAGES_H
#define HALLMARK_REGISTER_DECIDE_DECIDED_IMAGES_H

#include "proto/digest.h"
#include "register/decide/decided_row.h"

#define DECIDED_IMAGES_MAX 200000 /* some 300 bytes each; beyond it a new one is not known */
#define DECIDED_GROUP_MAX  128    /* bytes; a longer name is no group that anybody asks for */

struct decided_image {
	struct decided decided; /* first: `next` is of another log */
	char group[DECIDED_GROUP_MAX + 1];
};

struct decided_images;

/* NULL for want of memory. */
struct decided_images *decided_images_new(void);
void decided_images_free(struct decided_images **all);

/* Of a report with an image; rows of one log come in its order. */
void decided_images_put(
    struct decided_images *all, const struct digest *image, const struct decided_row *row);
void decided_images_forget(struct decided_images *all, unsigned log);

/* NULL: no report was about it. */
const struct decided_image *decided_images_find(
    const struct decided_images *all, const struct digest *image);

#endif

/*
 * Images of containers, verified and read into a reference set: what a container that was made of
 * one has in its root directory before it begins. No runtime, no daemon, no network.
 *
 * OCI image-spec 1.1 and Docker's schema 2: index, manifest, configuration and layers are each of
 * the digest and size by which what is before names them; a layer unpacks to the configuration's
 * diff id. The image's digest, by which it is deployed and signed, is the manifest's: what nobody
 * names beforehand (`manifest` of the options) is only whole, not the right one.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_H
#define HALLMARK_POLICY_IMAGES_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define IMAGE_LAYERS_MAX   512   /* of one image: runtimes mount at most 500 */
#define IMAGE_MEBIBYTES    16384 /* what it may unpack to, where nothing else is said */
#define IMAGE_PLATFORM_MAX 128   /* bytes, with NUL */

struct image_options {
	const char *
	    platform; /* OS/ARCHITECTURE[/VARIANT]; NULL: this machine's, where there are several */
	const char *tag;               /* NULL: whichever there is */
	const struct digest *manifest; /* NULL: whichever there is */
	uint32_t mebibytes;            /* what all layers may unpack to */
	bool content_only;             /* a set without owner and mode */
};

/* What it is. Digests are zero where there is none: docker save writes neither. */
struct image_facts {
	const char *form;    /* a literal */
	struct digest index; /* of the one that the manifest was chosen from */
	struct digest manifest;
	struct digest config; /* what docker calls the image's id */
	struct digest chain;  /* of the diff ids: what runtimes call the topmost layer */
	char platform[IMAGE_PLATFORM_MAX];
	size_t layer_count;
	struct digest layers[IMAGE_LAYERS_MAX]; /* diff ids */
};

/* ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err image_read(const char *file, const struct image_options *o, struct faults *faults,
    struct set_draft *to, struct image_facts *out) MUST_USE;

/* OS/ARCHITECTURE[/VARIANT], as options have it. */
bool image_platform_is_good(const char *platform);

#endif

/*
 * What is wanted of an image, and what it is found to be.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_FACTS_H
#define HALLMARK_POLICY_IMAGES_IMAGE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/digest.h"

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

#endif

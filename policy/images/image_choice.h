/*
 * Which manifest of an index is the one: by tag, and by platform, never the first.
 */
#ifndef HALLMARK_POLICY_IMAGES_IMAGE_CHOICE_H
#define HALLMARK_POLICY_IMAGES_IMAGE_CHOICE_H

#include "policy/images/image_document.h"
#include "policy/images/image_facts.h"

/*
 * Reads the manifest, to be released by json_decref, and notes its digest and that of the index.
 * ERR_CONFIG with a fault: there is none, or several may be meant.
 */
enum err image_choose(const struct image_reading *r, const struct image_options *o,
    struct image_facts *facts, json_t **out) MUST_USE;

/* Whether a platform is the one that is wanted: one without a variant is each of them. */
bool image_platform_matches(
    const char *wanted, struct view os, struct view arch, struct view variant);

/* This machine's, as images call it; at most IMAGE_PLATFORM_MAX. */
void image_platform_here(char to[IMAGE_PLATFORM_MAX]);

#endif

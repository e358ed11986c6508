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

#include "config/faults.h"
#include "policy/images/image_facts.h"
#include "policy/sources/set_draft.h"
#include "proto/err.h"

/* ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err image_read(const char *file, const struct image_options *o, struct faults *faults,
    struct set_draft *to, struct image_facts *out) MUST_USE;

/* OS/ARCHITECTURE[/VARIANT], as options have it. */
bool image_platform_is_good(const char *platform);

#endif

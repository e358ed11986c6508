/*
 * What a container's runtime has written down of it: name, image, pod. No daemon is asked.
 *
 *   docker      /var/lib/docker/containers/ID/config.v2.json
 *   containerd  /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json, with the
 *               annotations of its CRI plugin
 *   podman,     /var/lib/containers/storage/overlay-containers/containers.json, and
 *   CRI-O       overlay-images/images.json beside it
 *
 * Such a file is believed if it is root's and nobody else may write to it or to its directory.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_CONTAINER_STATE_H
#define HALLMARK_COLLECTOR_SUBJECT_CONTAINER_STATE_H

#include "collector/ground/trouble.h"
#include "collector/ground/values.h"
#include "proto/err.h"

/* Texts of a container, as the runtime has them; perhaps none of a kind. */
struct container_state {
	struct values names;   /* its own, not the pod's */
	struct values images;  /* references such as "docker.io/library/nginx:1.27" */
	struct values digests; /* "sha256:HEX", of the image's configuration or manifest */
	struct values pods;    /* UID, and NAMESPACE/NAME */
};

/*
 * `root` is the host's, `id` 64 hexadecimal digits. ERR_NOT_FOUND (no runtime has it, or the state
 * is not where it is by default), ERR_MISMATCH (others may write it), ERR_FORMAT, ERR_FORMAT_SIZE
 * (over 16 MiB), ERR_IO; with the trouble. To be freed in any case.
 */
enum err container_state_read(
    int root, const char *id, struct container_state *out, struct trouble *t) MUST_USE;
void container_state_free(struct container_state *s);

/* One of the values matches the pattern, by fnmatch(3) without flags. */
bool container_state_matches(const struct values *v, const char *pattern);

#endif

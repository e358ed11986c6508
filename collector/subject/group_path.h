/*
 * What the absolute path of a control group says: of which systemd unit it is, whether it has a
 * configured name, of which container.
 *
 * Whoever may make a directory in the hierarchy chooses its name, so a name counts only as far as
 * those above it are nobody's but root's: each function tells how much of the path has to be looked
 * at for that (control_groups_are_roots). A user's own tree, /user.slice, is left out unless it is
 * asked for.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_GROUP_PATH_H
#define HALLMARK_COLLECTOR_SUBJECT_GROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/bytes.h"

/*
 * The group, or one above it, is of a unit whose name matches `pattern` (fnmatch(3); of a template
 * as worker@.service each instance does). Above it stand only slices: of the system manager, not
 * first user.slice; with `user`, of that user's manager, below its user@UID.service. *size: of the
 * part of the path that ends with the unit.
 */
bool group_path_of_unit(struct view path, const char *pattern, const uid_t *user, size_t *size);

/*
 * The group, or one above it, has a path that `pattern` matches, name by name. *size: of that part.
 * user.slice at the beginning matches only itself.
 */
bool group_path_matches(struct view path, const char *pattern, size_t *size);

/* The size of the part of a path that has its first `names` names. */
size_t group_path_cut(struct view path, unsigned names);

#define GROUP_CONTAINER_ID_SIZE 64 /* hexadecimal digits */
#define GROUP_POD_UID_SIZE      36 /* of 8-4-4-4-12, with '-' */

struct group_container {
	char id[GROUP_CONTAINER_ID_SIZE + 1];
	char pod[GROUP_POD_UID_SIZE + 1]; /* "" where none is named above the container */
	size_t size;                      /* of the path that ends with what is called by the id */
};

/*
 * The outermost container that the group is of: the first name that has a word of 64 hexadecimal
 * digits, as docker, containerd, CRI-O, podman and kubelet give them, but for the monitors of
 * podman and CRI-O (conmon). What is called so below it was made within that container.
 */
bool group_path_container(struct view path, struct group_container *out);

#endif

/*
 * The `include` of a policy: which files it names.
 */
#ifndef HALLMARK_POLICY_LAYOUT_INCLUDE_H
#define HALLMARK_POLICY_LAYOUT_INCLUDE_H

#include <stdbool.h>

#include "config/faults.h"
#include "config/yaml.h"

/* One entry of `include`: its name is as a workload's, and its path leads nowhere but down. */
struct layout_include {
	const char *name, *file;
	struct yaml_spot spot; /* of the path */
	unsigned index;        /* in `include` */
};

/*
 * The entries of the policy, LAYOUT_INCLUDES_MAX at most, into `out`: how many. A faulty one adds
 * its fault and is left out.
 */
size_t include_entries(
    const struct yaml_node *policy, struct faults *faults, struct layout_include *out);

/* True unless links lead this file out of the directory of the policy; one that is not there is. */
bool include_is_below(const char *policy_file, const char *path);

#endif

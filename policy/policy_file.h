/*
 * A file that a policy names.
 */
#ifndef HALLMARK_POLICY_POLICY_FILE_H
#define HALLMARK_POLICY_POLICY_FILE_H

#include "policy/governance/manifest.h"

struct policy_file {
	enum manifest_kind kind;
	const char *name; /* of its line in the manifest */
	const char *file; /* as the policy has it: relative to it, or absolute */
};

#endif

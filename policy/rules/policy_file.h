/*
 * A file that a policy names, and what of it is stored.
 */
#ifndef HALLMARK_POLICY_RULES_POLICY_FILE_H
#define HALLMARK_POLICY_RULES_POLICY_FILE_H

#include "policy/governance/manifest.h"

struct policy_file {
	enum manifest_kind kind;
	const char *name; /* of its line in the manifest */
	const char *file; /* relative to the policy, or absolute */
};

struct policy_object {
	enum pack_kind kind; /* PACK_MANIFEST, or of one of the manifest's lines */
	struct digest digest;
	struct view content;
};

#endif

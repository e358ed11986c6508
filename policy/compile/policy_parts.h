/*
 * The files that a policy names: read, checked, put in their places. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_COMPILE_POLICY_PARTS_H
#define HALLMARK_POLICY_COMPILE_POLICY_PARTS_H

#include "policy/compile/draft.h"
#include "policy/governance/manifest.h"

/* A file that the policy names, and so a line of its manifest. */
struct policy_part {
	enum manifest_kind kind;
	const char *name;
	const char *file;      /* as the policy has it */
	const char *key;       /* where it has it, such as "references[2].file" */
	struct yaml_spot spot; /* of the key: a relative path is from there */
};

/*
 * Reads the content of a part into `to`, adding faults if it cannot. `*shown` is its name in
 * faults, to be freed.
 */
typedef enum err policy_part_read(void *context, const struct policy_part *part,
    struct faults *faults, struct buf *to, char **shown);

/* Fills the references, the collectors' CAs and the operators of the policy. */
void policy_parts_compile(struct draft *d, policy_part_read *read, void *context);

#endif

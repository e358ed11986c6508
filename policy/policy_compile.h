/*
 * From a policy file as it stands to rules: every name resolved, every default filled in, every
 * fault of meaning noted. Only policy/ includes this.
 */
#ifndef HALLMARK_POLICY_POLICY_COMPILE_H
#define HALLMARK_POLICY_POLICY_COMPILE_H

#include "config/faults.h"
#include "policy/rule.h"

/*
 * Reads the content of the reference set at `index` of the file's list into `to`, adding faults if
 * it cannot. `*shown` is its name in faults, to be freed.
 */
typedef enum err policy_reference_read(void *context, size_t index, const char *name,
    const char *file, unsigned line, struct faults *faults, struct buf *to, char **shown);

/* Fills references and rules of `p`, whose `yaml` is loaded, with faults or without. */
void policy_compile(struct policy *p, const char *file, policy_reference_read *read, void *context,
    struct faults *faults);

#endif

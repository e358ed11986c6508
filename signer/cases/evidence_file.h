/*
 * Components out of a JSON file that a person can read and change: what `hallmark-collector measure
 * --json` and `hallmark-audit show --components --json` print, and `hallmark-signer policy record`
 * writes (doc/outputs.md). Only the member `components` is looked at, and there `made` and `items`.
 */
#ifndef HALLMARK_SIGNER_CASES_EVIDENCE_FILE_H
#define HALLMARK_SIGNER_CASES_EVIDENCE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/evidence/component.h"
#include "signer/cases/cases_file.h"

struct evidence_components {
	struct component *component[COMPONENT_KIND_COUNT]; /* NULL: there is none */
	struct buf bytes[COMPONENT_KIND_COUNT];            /* that they point into */
	struct buf segments[COMPONENT_KIND_COUNT];
};

/*
 * Reads the file, makes the changes of the case, in their order, and puts the components together.
 * False, with faults of the file, if anything of it is no such evidence, or a change is of what is
 * not there. To be freed whatever comes out.
 */
bool evidence_file_read(const char *path, const struct case_entry *of, struct faults *faults,
    struct evidence_components *out);
void evidence_components_free(struct evidence_components *e);

#endif

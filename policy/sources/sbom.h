/*
 * SBOMs in JSON that name files with their SHA-256: CycloneDX 1.4 to 1.6 (components of the type
 * "file", at any depth) and SPDX 2.3 ("files"). One that names none is refused: what packages it
 * lists says nothing about any file. Nobody has signed it: whoever imports it vouches for it.
 */
#ifndef HALLMARK_POLICY_SOURCES_SBOM_H
#define HALLMARK_POLICY_SOURCES_SBOM_H

#include <jansson.h>

#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"

/* As source_read. */
enum err sbom_read_cyclonedx(const char *file, const json_t *document,
    const struct source_options *o, struct faults *faults, struct set_draft *to) MUST_USE;
enum err sbom_read_spdx(const char *file, const json_t *document, const struct source_options *o,
    struct faults *faults, struct set_draft *to) MUST_USE;

#endif

/*
 * Sources in JSON: SBOMs (sbom.h) and DSSE envelopes (provenance.h).
 */
#ifndef HALLMARK_POLICY_SOURCES_SOURCE_JSON_H
#define HALLMARK_POLICY_SOURCES_SOURCE_JSON_H

#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"

#define SOURCE_JSON_SIZE_MAX (64 * 1024 * 1024) /* bytes: an SBOM of as many files as a set has */

/* By its first byte: what is no JSON may be a reference set. */
bool source_json_is(struct view text);

/* `file` is its name in faults. As source_read. */
enum err source_json_read(const char *file, struct view text, const struct source_options *o,
    struct faults *faults, struct set_draft *to) MUST_USE;

#endif

/*
 * in-toto statements (v1) in DSSE envelopes, and SLSA provenance (v1) in those.
 *
 * The subjects' SHA-256 become the set. Of a provenance, builder and build type must be among those
 * that are named, and the external parameters just those that are, with these values: one that
 * nobody named may have chosen what was built. A predicate of another type is not looked into, and
 * has to be named itself. Dependencies, internal parameters and times are not judged.
 */
#ifndef HALLMARK_POLICY_SOURCES_PROVENANCE_H
#define HALLMARK_POLICY_SOURCES_PROVENANCE_H

#include <jansson.h>

#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"

/* As source_read. */
enum err provenance_read(const char *file, const json_t *envelope, const struct source_options *o,
    struct faults *faults, struct set_draft *to) MUST_USE;

/* The same of a statement whose signature has been checked. */
enum err provenance_read_statement(const char *file, const json_t *statement,
    const struct source_options *o, struct faults *faults, struct set_draft *to) MUST_USE;

#endif

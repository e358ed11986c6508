/*
 * Sources of reference values: where software is built or published, read into a set.
 *
 *   reference set      what sha256sum or an import has written
 *   .deb               Debian's binary package, its files with owner and mode (deb.h)
 *   CycloneDX, SPDX    SBOMs in JSON that name files with their SHA-256 (sbom.h)
 *   DSSE envelopes     signed in-toto statements, whose subjects are files (provenance.h)
 *
 * What a source is, its first bytes say. All of it comes from outside: sizes, counts and depths are
 * bounded, and of what is wrong in any place nothing is taken.
 */
#ifndef HALLMARK_POLICY_SOURCES_SOURCE_H
#define HALLMARK_POLICY_SOURCES_SOURCE_H

#include "config/faults.h"
#include "policy/sources/set_draft.h"
#include "policy/sources/source_options.h"
#include "proto/err.h"

/* ERR_CONFIG, with faults of `file`; then some of it may be in `to`. */
enum err source_read(const char *file, const struct source_options *o, struct faults *faults,
    struct set_draft *to) MUST_USE;

#endif

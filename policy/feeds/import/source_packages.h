/*
 * Which packages are built of a source: Debian's and Alpine's advisories name sources, what is
 * installed are packages. As lists of packages have it, paragraphs of lines:
 *
 *   Package: libssl3         of Debian: an index ("Packages"), or /var/lib/dpkg/status
 *   Source: openssl
 *   Version: 3.0.11-1
 *
 *   P:libssl3                of Alpine: APKINDEX, or /lib/apk/db/installed
 *   o:openssl
 *   V:3.1.4-r0
 *
 * A package whose version is not that of its source cannot be held against an advisory's, and is
 * left out: by name it can be told.
 */
#ifndef HALLMARK_POLICY_FEEDS_IMPORT_SOURCE_PACKAGES_H
#define HALLMARK_POLICY_FEEDS_IMPORT_SOURCE_PACKAGES_H

#include <stddef.h>

#include "config/faults.h"
#include "policy/sources/left_out.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define SOURCE_PACKAGES_SIZE_MAX (256UL * 1024 * 1024) /* bytes of a list: Debian's has 55 MB */

struct source_packages;

struct source_packages *source_packages_new(void); /* aborts for want of memory */
void source_packages_free(struct source_packages **p);

/* Adds those of a file. ERR_CONFIG, with a fault, if it cannot be read or has no package. */
enum err source_packages_read(struct source_packages *p, const char *file, struct faults *faults,
    struct left_out *left_out) MUST_USE;

/* The same of its text. */
enum err source_packages_parse(struct source_packages *p, const char *file, struct view text,
    struct faults *faults, struct left_out *left_out) MUST_USE;

/* Once, when all are there, and before what follows. */
void source_packages_sort(struct source_packages *p);

/* The packages of a source, for source_packages_at: the first, and how many. */
size_t source_packages_of(const struct source_packages *p, struct view source, size_t *count);
struct view source_packages_at(const struct source_packages *p, size_t index);

#endif

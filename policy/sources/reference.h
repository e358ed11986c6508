/*
 * Reference sets: which content a path may have, and whose it has to be; lines as sha256sum writes
 * them, or of Hallmark's own (proto/evidence/reference_entry.h), every one ended. A path may stand
 * on several lines: what any of them gives is accepted.
 */
#ifndef HALLMARK_POLICY_SOURCES_REFERENCE_H
#define HALLMARK_POLICY_SOURCES_REFERENCE_H

#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"
#include "proto/evidence/reference_entry.h"

#define REFERENCE_SIZE_MAX   PACK_CONTENT_MAX /* bytes: it has to fit into the evidence store */
#define REFERENCE_FAULTS_MAX 20 /* bad lines that are told one by one; the rest is counted */

/* Sorted by reference_entry_compare; no two equal entries. */
struct reference_set;

/*
 * Every bad line is a fault of `file`; then ERR_CONFIG and *out NULL. The text is borrowed: the set
 * points into it.
 */
enum err reference_parse(
    const char *file, struct view text, struct faults *faults, struct reference_set **out) MUST_USE;
void reference_free(struct reference_set **s);

size_t reference_count(const struct reference_set *s);
const struct reference_entry *reference_at(const struct reference_set *s, size_t index);

/*
 * The first entry at or behind `from` whose path is not before `path`; reference_count if there is
 * none. What stands before `from` must be before `path`: a walk over sorted paths hands in what the
 * last call returned, and costs the logarithm of each step.
 */
size_t reference_seek(const struct reference_set *s, size_t from, struct view path);

/* Has the set ready to be looked into by content, too; once is enough. A pointer for each entry. */
void reference_sort_contents(struct reference_set *s);

/*
 * Entries by digest, files before links: the place of the first that is not before these;
 * reference_count if there is none. What stands at a place.
 */
size_t reference_seek_content(
    const struct reference_set *s, enum reference_kind kind, const struct digest *digest);
const struct reference_entry *reference_content_at(const struct reference_set *s, size_t place);

#endif

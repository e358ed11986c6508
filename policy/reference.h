/*
 * Reference sets: which content a path may have, in the format that coreutils' sha256sum writes.
 *
 *   <64 hex> ' ' (' ' | '*') <path> '\n'
 *   '\' <64 hex> ' ' (' ' | '*') <path with \\, \n and \r escaped> '\n'
 *
 * Strict: lower-case hex, the escaped form exactly where the name needs it, absolute paths as the
 * kernel has them (no "//", "/./", "/../", no slash at the end), every line ended. In place of a
 * path one may be hidden (proto/evidence/redacted.h), with the digest that belongs to it:
 * `hallmark-collector redact` makes such lines. A path may stand on several lines with different
 * digests: any of them is accepted.
 */
#ifndef HALLMARK_POLICY_REFERENCE_H
#define HALLMARK_POLICY_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

#define REFERENCE_SIZE_MAX   PACK_CONTENT_MAX /* bytes: it has to fit into the evidence store */
#define REFERENCE_FAULTS_MAX 20 /* bad lines that are told one by one; the rest is counted */

struct reference_entry {
	struct view path;
	struct digest digest;
};

/* Sorted by path, then digest; no two equal entries. */
struct reference_set;

/* Every bad line is a fault of `file`; then ERR_CONFIG and *out NULL. The text is copied. */
enum err reference_parse(
    const char *file, struct view text, struct faults *faults, struct reference_set **out) MUST_USE;
void reference_free(struct reference_set **s);

size_t reference_count(const struct reference_set *s);
const struct reference_entry *reference_at(const struct reference_set *s, size_t index);

/* A path that can stand in a set: an absolute one as the kernel has it, or a hidden one. */
bool reference_is_path(struct view path);

/*
 * The first entry at or behind `from` whose path is not before `path`; reference_count if there is
 * none. What stands before `from` must be before `path`: a walk over sorted paths hands in what the
 * last call returned, and costs the logarithm of each step.
 */
size_t reference_seek(const struct reference_set *s, size_t from, struct view path);

#endif

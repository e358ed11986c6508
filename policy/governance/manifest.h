/*
 * The manifest of a policy: names all that the policy consists of by digest. Its SHA-256 is the
 * policy's identity, and what operators approve.
 *
 *   hallmark manifest v1\n
 *   semantics 1\n
 *   <kind> <name> <sha256>\n      a line each, sorted bytewise
 *
 * One spelling. Another number of semantics, or another kind, is of a later version.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_MANIFEST_H
#define HALLMARK_POLICY_GOVERNANCE_MANIFEST_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

/* X(identifier, name, pack kind of its content), in the order of their names */
#define MANIFEST_KIND_MAP(X)                                                                       \
	X(MANIFEST_COLLECTORS_CA, "collectors-ca", PACK_CA)                                        \
	X(MANIFEST_INCLUDE, "include", PACK_POLICY)                                                \
	X(MANIFEST_OPERATORS, "operators", PACK_OPERATORS)                                         \
	X(MANIFEST_PACKAGE_LIST, "package-list", PACK_PACKAGE_LIST)                                \
	X(MANIFEST_POLICY, "policy", PACK_POLICY)                                                  \
	X(MANIFEST_REFERENCE, "reference", PACK_REFERENCE)                                         \
	X(MANIFEST_ROLLOUT, "rollout", PACK_MANIFEST)

#define MANIFEST_KIND_ENUM(identifier, name, pack) identifier,
enum manifest_kind { MANIFEST_KIND_MAP(MANIFEST_KIND_ENUM) MANIFEST_KIND_COUNT };
#undef MANIFEST_KIND_ENUM

#define MANIFEST_OPERATORS_NAME "operators" /* the only name of that kind */
#define MANIFEST_ROLLOUT_NAME   "from"      /* of that, too: the manifest that it follows */
#define MANIFEST_LINES_MAX      4096        /* a policy has fewer parts by its own limits */

struct manifest_line {
	enum manifest_kind kind;
	struct view name; /* as bundle_workload_check allows it: no space, no '\n' */
	struct digest digest;
};

struct manifest {
	size_t count;
	struct manifest_line *line; /* as they stand; the names point into the parsed bytes */
};

const char *manifest_kind_name(enum manifest_kind kind);
enum pack_kind manifest_pack_kind(enum manifest_kind kind);

/* Sorts the lines, then appends the text. */
void manifest_write(struct manifest_line *line, size_t count, struct buf *to);

/*
 * Exactly one policy, at most one operators file, at most one manifest before. ERR_FORMAT for every
 * other spelling; ERR_UNSUPPORTED for one of a later version, as far as its form can be told;
 * ERR_MEMORY. Sets *out to NULL first. `text` must outlive it.
 */
enum err manifest_parse(struct view text, struct manifest **out) MUST_USE;
void manifest_free(struct manifest **m);

/* NULL if there is no such line. */
const struct digest *manifest_find(
    const struct manifest *m, enum manifest_kind kind, struct view name);

/* The manifest whose policy it rolls out against; NULL: it decides alone. */
const struct digest *manifest_rollout(const struct manifest *m);

/* The line of the policy's text. */
const struct manifest_line *manifest_policy(const struct manifest *m);

#endif

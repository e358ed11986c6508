/*
 * Advisories: known vulnerabilities in one small form of ours, made of others' by an import
 * (policy/feeds/import/), so that what a signer and an auditor read is simple. A text; behind the
 * first line all lines rise bytewise, none stands there twice, and each is ended:
 *
 *   hallmark advisories v1
 *   file <sha256> <id>                               every file with this content
 *   made <kind> <sha256>                             what it was made of: csaf, debian, osv
 *   package <manager> <name> <id> <from> <to>        these versions of this package
 *
 * `manager` is apk, dpkg or rpm, and decides the order of versions (policy/values). `from` is the
 * first version that is affected, or "-": all before the end are. `to` is "<V": those before it,
 * which mends it; "<=V": it and those before it; "-": all of them. An advisory may have several
 * lines. Names and ids are printable ASCII without spaces.
 */
#ifndef HALLMARK_POLICY_FEEDS_ADVISORIES_H
#define HALLMARK_POLICY_FEEDS_ADVISORIES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"

#define ADVISORIES_SIZE_MAX   PACK_CONTENT_MAX /* bytes: it has to fit into the evidence store */
#define ADVISORIES_FAULTS_MAX 20  /* bad lines that are told one by one; the rest is counted */
#define ADVISORIES_ID_MAX     64  /* bytes: of "RHSA-2023:0946" or "GHSA-xxxx-xxxx-xxxx" 20 */
#define ADVISORIES_NAME_MAX   256 /* bytes of a package's */
#define ADVISORIES_FIRST_LINE "hallmark advisories v1"

struct advisories;

/* One of its lines. */
struct advisory {
	struct view id;
	struct view from, to; /* of a package: as they stand there */
};

/* Every bad line is a fault of `file`; then ERR_CONFIG and *out NULL. The text must outlive it. */
enum err advisories_parse(
    const char *file, struct view text, struct faults *faults, struct advisories **out) MUST_USE;
void advisories_free(struct advisories **a);

/* Its lines but for the first, and memory that it takes beside its text, in bytes. */
size_t advisories_count(const struct advisories *a);
size_t advisories_bytes(const struct advisories *a);

/*
 * The lines about a package, or a file: the first, and how many; they lie together, by id. For
 * advisories_at.
 */
size_t advisories_of_package(
    const struct advisories *a, struct view manager, struct view name, size_t *count);
size_t advisories_of_file(const struct advisories *a, const struct digest *content, size_t *count);

struct advisory advisories_at(const struct advisories *a, size_t index);

/*
 * Whether a line about a package of this manager is about this version. What is no version of the
 * manager's might be any: it is.
 */
bool advisory_affects(const struct advisory *a, struct view manager, struct view version);

/* The version that mends it; size 0: none is known. */
struct view advisory_fixed(const struct advisory *a);

/* The parts of lines, for whoever writes them: printable ASCII without spaces, within the sizes. */
bool advisories_id_is(struct view id);
bool advisories_name_is(struct view name);

#endif

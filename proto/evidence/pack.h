/*
 * Records of the evidence store's append-only pack files, `evidence/pack-<8 digits>`.
 *
 *   "HMP1"  kind: u8  0 0 0  size: be32  stored: be32  sha256 of the content: 32 bytes
 *   `stored` bytes: the content, zstd-compressed if stored < size, verbatim if equal
 *
 * The digest is of the content before compression. A record is trusted only after hashing it.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_PACK_H
#define HALLMARK_PROTO_EVIDENCE_PACK_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define PACK_HEADER_SIZE 48                 /* bytes */
#define PACK_CONTENT_MAX (16 * 1024 * 1024) /* bytes: a component; policies are smaller */

/* What a record is; the reader of a report knows which to expect. */
enum pack_kind {
	PACK_COMPONENT = 1,
	PACK_POLICY = 2,    /* the policy's YAML text, or that of a file that it includes */
	PACK_REFERENCE = 3, /* a reference set, sha256sum format */
	PACK_MANIFEST =
	    4, /* names all that a policy consists of by digest (policy/governance/manifest.h) */
	PACK_CERTIFICATE = 5, /* a collector's certificate, DER */
	PACK_IN_FORCE = 6,    /* the list of what holds behind a notice */
	PACK_STATEMENT = 7,   /* a statement's envelope (proto/statement/statement.h) */
	PACK_OPERATORS = 8,   /* an operators file, YAML (policy/governance/operators.h) */
	PACK_CA =
	    9, /* certificates of CAs of collectors, PEM (policy/governance/collectors_ca.h) */
	PACK_PACKAGE_LIST = 10, /* packages that a host may have (policy/rules/package_list.h) */
	PACK_FEED = 11,         /* advisories (policy/feeds/advisories.h) */
};

struct pack_header {
	enum pack_kind kind;
	uint32_t size;   /* bytes of content */
	uint32_t stored; /* bytes in the file behind the header */
	struct digest digest;
};

/* Appends header and content, compressed where that is shorter. ERR_FORMAT_SIZE, ERR_MEMORY. */
enum err pack_append(
    enum pack_kind kind, struct view content, const struct digest *digest, struct buf *to) MUST_USE;

/* `bytes` must be PACK_HEADER_SIZE long. ERR_FORMAT, ERR_FORMAT_SIZE. */
enum err pack_header_parse(struct view bytes, struct pack_header *out) MUST_USE;

/* Appends the content of a record, checked against its digest (ERR_DIGEST). */
enum err pack_content(const struct pack_header *h, struct view stored, struct buf *to) MUST_USE;

#endif

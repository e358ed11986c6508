/*
 * Statements: what operators and approvers have signed. PROTOCOL.md, "Statements", has the format.
 *
 * A statement is a payload in JSON, in the one spelling of proto/json/json_write.h:
 *
 *   {"hallmark.statement":kind,"origin":str,"subject":{name:str,...},"not-before":N,"not-after":N,
 *    "reason":str,"author":str,"number":N,"hallmark.extensions":{...}}
 *
 * in an envelope (DSSE v1, github.com/secure-systems-lab/dsse), of which one spelling is valid too:
 *
 *   {"payloadType":"application/vnd.hallmark.statement+json","payload":"<base64>",
 *    "signatures":[{"keyid":"<hex>","sig":"<base64>"}]}
 *
 * A statement is named by the SHA-256 of its envelope. Whether it counts,
 * policy/governance/approvals.h says.
 */
#ifndef HALLMARK_PROTO_STATEMENT_STATEMENT_H
#define HALLMARK_PROTO_STATEMENT_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement_key.h"
#include "proto/statement/statement_kind.h"

#define STATEMENT_SIZE_MAX      16384 /* bytes of an envelope: it has to fit into one message */
#define STATEMENT_MEMBERS_MAX   8     /* of a subject; the kinds there are have one or two */
#define STATEMENT_NAME_MAX      32    /* bytes of a member's name: a-z, 0-9 and '-' */
#define STATEMENT_VALUE_MAX     512   /* bytes of a member's value: as long as an identity */
#define STATEMENT_ADVISORY_MAX  64    /* bytes of an advisory's id */
#define STATEMENT_REASON_MAX    512   /* bytes: a sentence or two, and the number of a ticket */
#define STATEMENT_AUTHOR_MAX    128   /* bytes: as long as an operator's name */
#define STATEMENT_SIGNATURE_MAX 1024  /* bytes: RSA of 8,192 bits */
#define STATEMENT_NUMBER_MAX    ((1ULL << 53) - 1)

struct statement_member {
	struct view name;
	struct view value; /* printable, 1 to STATEMENT_VALUE_MAX bytes */
};

struct statement {
	struct view kind_name; /* 1 to STATEMENT_KIND_NAME_MAX bytes of a-z, 0-9 and '-' */
	struct view origin;    /* of the log that it is for */
	size_t member_count;   /* 1 or more */
	struct statement_member member[STATEMENT_MEMBERS_MAX]; /* the subject; names rise */
	uint64_t not_before_s, not_after_s; /* since 1970; the first before the other */
	struct view reason;                 /* printable */
	struct view author; /* printable, no white space: who made it; the key says who signs */
	uint64_t number;    /* used once by a key in a log: each is larger than the one before */
	struct view extensions; /* proto/json/json_extensions.h; size 0: none */
};

/* ERR_STATEMENT_FORMAT unless it has a form as above; nothing is said of its kind and subject. */
enum err statement_check(const struct statement *s) MUST_USE;

/*
 * Whether this version acts on it anywhere, and what it is about is what its kind is about:
 * ERR_STATEMENT_KIND, ERR_STATEMENT_SUBJECT.
 *
 *   approve      manifest: SHA-256 in hex
 *   maintenance  collectors, workloads: patterns (proto/glob.h)
 *   retire       collector: identity; workload: name
 *   revoke       one of: statement: SHA-256 in hex; collectors, workloads: patterns, both or one;
 *                digest; set: SHA-256 in hex, not zero
 *   clock        from: seconds, in decimal
 *   retire-key   key: SHA-256 in hex; since: seconds, in decimal
 *   continue-key from, to, root: SHA-256 in hex; size: entries, in decimal
 *   act-grant    act: of statement_act.h; collector: identity; report: leaf hash, in hex;
 *                workload: name
 *   break-glass  collectors, workloads: patterns
 */
enum err statement_check_subject(const struct statement *s) MUST_USE;

enum statement_kind statement_kind(const struct statement *s);

/* The value of a member, size 0 if there is none; and one that is a digest, which must be there. */
struct view statement_value(const struct statement *s, const char *name);
enum err statement_value_digest(
    const struct statement *s, const char *name, struct digest *out) MUST_USE;

/* The same of a number. */
enum err statement_value_number(
    const struct statement *s, const char *name, uint64_t *out) MUST_USE;

/* Appends the payload. ERR_STATEMENT_FORMAT as statement_check; ERR_MEMORY. */
enum err statement_write_payload(const struct statement *s, struct buf *to) MUST_USE;

/* Appends what is signed: DSSE's pre-authentication encoding, which binds the payload's type. */
void statement_signed_bytes(struct view payload, struct buf *to);

/* Appends the envelope. ERR_STATEMENT_FORMAT where it would be over STATEMENT_SIZE_MAX. */
enum err statement_write_envelope(struct view payload, const struct digest *key_id,
    struct view signature, struct buf *to) MUST_USE;

/* An envelope that was read. It has a copy of all that it gives views of. */
struct statement_document;

/* Reads the one form, whatever the kind. ERR_STATEMENT_FORMAT, ERR_MEMORY; *out is NULL then. */
enum err statement_parse(struct view envelope, struct statement_document **out) MUST_USE;
void statement_document_free(struct statement_document **d);

const struct statement *statement_document_statement(const struct statement_document *d);
struct view statement_document_payload(const struct statement_document *d);
struct view statement_document_signature(const struct statement_document *d);

/* SHA-256 of the envelope: the statement's name. */
const struct digest *statement_document_digest(const struct statement_document *d);

/* The key that it says it is signed by: nothing is known before statement_verify. */
const struct digest *statement_document_key_id(const struct statement_document *d);

/* ERR_STATEMENT_KEY if it names another key, ERR_STATEMENT_SIGNATURE, ERR_MEMORY. */
enum err statement_verify(
    const struct statement_document *d, const struct statement_key *key) MUST_USE;

/*
 * Appends what it says and does, in words for whoever is to sign or submit it: some lines, each
 * ended, of printable text (proto/text.h). Of a kind that is not acted on it says so, and shows all
 * that is there.
 */
void statement_print(const struct statement *s, struct buf *to);

#endif

/*
 * A notice: what the log's signer says of itself and of what holds in this log, between the
 * reports.
 *
 *   {"hallmark.notice":kind,"iat":,"iss":,"hallmark.form":1,
 *    "hallmark.previous-notice":{"index":,"leaf":}?,"hallmark.in-force":hex,
 *    "hallmark.subject":{...},"hallmark.extensions":?}
 *
 * The subject by kind:
 *
 *   start      {"cause":,"from":,"to":,"build":}            no bundles were taken in that time
 *   manifest   {"sha256":,"approvals":[hex,...]}            this policy is in force from here on
 *   statement  {"sha256":,"kind":,"key":,"number":}         this operator's statement was taken
 *   key        {"from":,"to":,"transition":}                the log's next key signs from here on
 *   token      as token_seen.h has it                       what the key's token is, what was seen
 *   feed       {"name":,"sha256":,"written":}               these advisories count from here on
 *
 * Entry 0 may name the record of the ceremony in which the log's key was made, by the SHA-256 of
 * the file that those present have signed (proto/statement/transcript_document.h), in its
 * extensions: {"transcript":"<64 hex digits>"}. In any other notice that key means nothing.
 *
 * snapshot is reserved. A notice of a kind or a start of a cause that this version
 * does not know is read all the same: what it shares with others is checked, the rest is shown.
 */
#ifndef HALLMARK_PROTO_REPORT_NOTICE_H
#define HALLMARK_PROTO_REPORT_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/entry.h"
#include "proto/report/token_seen.h"

#define NOTICE_WORD_MAX       32    /* bytes of a kind or a cause: a-z, 0-9 and '-' */
#define NOTICE_APPROVALS_MAX  64    /* no threshold is higher: that many people do not meet */
#define NOTICE_TRANSITION_MAX 22000 /* bytes: TRANSITION_SIZE_MAX in base64 has 21,848 */

/* X(identifier, name) */
#define NOTICE_KIND_MAP(X)                                                                         \
	X(NOTICE_START, "start")                                                                   \
	X(NOTICE_MANIFEST, "manifest")                                                             \
	X(NOTICE_STATEMENT, "statement")                                                           \
	X(NOTICE_KEY, "key")                                                                       \
	X(NOTICE_TOKEN, "token")                                                                   \
	X(NOTICE_FEED, "feed")

#define NOTICE_CAUSE_MAP(X)                                                                        \
	X(NOTICE_CAUSE_START, "start")     /* the signer was started */                            \
	X(NOTICE_CAUSE_STALL, "stall")     /* its token or disk let nothing into the log */        \
	X(NOTICE_CAUSE_STORAGE, "storage") /* its disk was nearly full: refusal 213 */             \
	X(NOTICE_CAUSE_CLOCK, "clock")     /* its clock was not to be trusted: refusal 608 */

#define NOTICE_ENUM(identifier, name) identifier,
enum notice_kind { NOTICE_KIND_MAP(NOTICE_ENUM) NOTICE_OTHER };
enum notice_cause { NOTICE_CAUSE_MAP(NOTICE_ENUM) NOTICE_CAUSE_OTHER };
#undef NOTICE_ENUM

/* Only the members of `kind` mean anything. */
struct notice {
	enum notice_kind kind;
	struct view kind_name; /* of NOTICE_OTHER; a reader sets it always */
	uint64_t issued_s;     /* iat */
	struct view issuer;    /* iss: the log's origin */
	bool has_previous;     /* false for entry 0 of a log, which is a start */
	struct entry_place previous;
	struct digest in_force; /* SHA-256 of the list (inforce.h) that holds behind this notice */

	/* start */
	enum notice_cause cause;
	struct view cause_name; /* of NOTICE_CAUSE_OTHER; a reader sets it always */
	uint64_t from_s;        /* iat of the entry before; of the first: as `to_s` */
	uint64_t to_s;          /* iat */
	struct view build;      /* of the signer: program and version */

	/* feed: what the policy calls it, as a workload's name; when its file was written */
	struct view name;
	uint64_t written_s; /* at most `issued_s` */

	/* manifest and feed: of its text; statement: of its envelope; key: of the transition, not
	 * written */
	struct digest sha256;

	/* manifest: envelopes of the statements that it rests on, rising; none where none were
	 * demanded */
	size_t approval_count;
	struct digest approval[NOTICE_APPROVALS_MAX];

	/* statement */
	struct view statement_kind; /* as NOTICE_WORD_MAX has it, known to this version or not */
	struct digest key;          /* key id: SHA-256 of the SubjectPublicKeyInfo */
	uint64_t number;            /* 1 to 2^53 - 1 */

	/* key: ids of the two keys (SHA-256 of the SubjectPublicKeyInfo), and the note that both
	 * have signed (proto/tlog/transition.h), in base64: 1 to NOTICE_TRANSITION_MAX bytes of it
	 */
	struct digest from, to;
	struct view transition;

	/* token: the signer's word, which it has from the key process */
	struct token_seen token;

	struct view subject;    /* of NOTICE_OTHER: an object as json_extensions.h has it */
	struct view extensions; /* as they stand in the entry; size 0: none */
};

/*
 * Decodes a key notice's transition into `to`, appended. ERR_FORMAT_BASE64, ERR_MEMORY. Whether it
 * is one, of these two keys, is for transition.h.
 */
enum err notice_transition(const struct notice *n, struct buf *to) MUST_USE;

/* Appends the extensions of an entry 0 that names this transcript. */
void notice_transcript_extension(const struct digest *transcript, struct buf *to);

/* The transcript that it names. False: it is not entry 0, or names none. */
bool notice_transcript(const struct notice *n, struct digest *out);

/* The key of its extensions that means something to this version; size 0: none does. */
struct view notice_known_extension(const struct notice *n);

/* "start", ...; the name that stands there for NOTICE_OTHER and NOTICE_CAUSE_OTHER. */
struct view notice_kind_name(const struct notice *n);
struct view notice_cause_name(const struct notice *n);

/* ERR_FORMAT unless it may stand in a log; ERR_MEMORY. */
enum err notice_check(const struct notice *n) MUST_USE;

/* Appends the entry; nothing on an error: as notice_check says. */
enum err notice_write(const struct notice *n, struct buf *to) MUST_USE;

/* What was read, and the memory for it, which a next reading uses again. Some 5 KB. */
struct notice_document {
	struct notice notice;
	struct buf strings; /* those that stand in the entry with an escape */
};

#define NOTICE_DOCUMENT_INIT                                                                       \
	{                                                                                          \
		.strings = { NULL, 0, 0, false }                                                   \
	}

/*
 * Reads an entry in its one spelling. The views of the notice point into `entry` and into `d`.
 * ERR_FORMAT for any other spelling and what notice_check refuses; ERR_UNSUPPORTED for another
 * form; ERR_FORMAT_SIZE; ERR_MEMORY.
 */
enum err notice_parse(struct view entry, struct notice_document *d) MUST_USE;
void notice_document_free(struct notice_document *d);

#endif

/*
 * A bundle says who, what and when, and which components: the evidence of one workload at one time.
 *
 * Canonical bytes (one valid spelling; keys in this order, shortest MessagePack forms):
 *
 *   {"v": 1, "workload": str, "seq": uint, "prev": bin32, "nonce": bin32 | bin0, "boot": bin16,
 *    "time": uint, "next_s": uint,
 *    "components": {kind: [sha256: bin32, count: uint, size: uint], ...}, "ext": {...}}
 *
 * with the kinds in alphabetical order, and "ext" (proto/evidence/bundle_extensions.h) left out
 * where it is empty. `prev` is the SHA-256 of the workload's previous bundle (zero bytes: none). An
 * empty nonce says that the evidence was gathered offline: it is a gap record, and its extension
 * `gap` names its place.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_BUNDLE_H
#define HALLMARK_PROTO_EVIDENCE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/evidence/bundle_extensions.h"
#include "proto/evidence/component.h"

#define BUNDLE_VERSION  1
#define BUNDLE_SIZE_MAX 2048 /* bytes: seven components take under 800, extensions 1,024 */
#define NONCE_SIZE      32   /* bytes */
#define BOOT_ID_SIZE    16   /* bytes: /proc/sys/kernel/random/boot_id without its hyphens */

/* Keeps sums of times inside int64_t and JSON numbers exact: the year 9999. */
#define BUNDLE_TIME_MS_MAX 253402300799999ULL

/* Sequence numbers stay exact in JSON readers that compute in doubles. */
#define BUNDLE_SEQ_MAX ((1ULL << 53) - 1)

/* The largest that a chain may begin with in a log: those that follow need the other half. */
#define BUNDLE_SEQ_FIRST_MAX (1ULL << 52)

/* Gap records that may follow a bundle with a nonce before there is another one. */
#define BUNDLE_GAPS_MAX 65535

/* The longest time to the next bundle that can be promised: a year. */
#define BUNDLE_NEXT_S_MAX 31536000

struct bundle_component {
	bool present;
	struct digest digest;
	uint64_t count; /* items */
	uint64_t size;  /* bytes of the component */
};

struct bundle {
	struct view workload; /* the name of its chain */
	uint64_t seq;         /* 1 for the first bundle of a chain */
	struct digest prev;
	bool offline; /* the nonce is empty: a gap record */
	uint8_t nonce[NONCE_SIZE];
	uint8_t boot_id[BOOT_ID_SIZE];
	uint64_t time_ms; /* of measurement, since 1970-01-01 UTC */
	uint64_t next_s;  /* until this workload's next bundle is to be expected; 0: no promise */
	struct bundle_component component[COMPONENT_KIND_COUNT]; /* by kind; at least one present */
	struct bundle_extensions extensions;
};

/*
 * ERR_MSG_RANGE unless every value is within its limits, and those that depend on each other fit: a
 * gap record has a place before its own seq, and nothing else has one; a challenge and a last
 * bundle need a nonce; who leaves promises nothing. What is measured before a start says so by its
 * name and its `phase`, has a nonce, promises nothing and does not leave; the digest of a tree is
 * that of its component `files`. Does not look into `extensions.bytes`.
 */
enum err bundle_check(const struct bundle *b) MUST_USE;

/* Appends the canonical bytes; of the extensions those that stand in `extensions.bytes`. */
void bundle_encode(const struct bundle *b, struct buf *to);

/*
 * Decodes and demands the canonical form. The views of `out` point into `bytes`. Errors: the
 * ERR_MSG_ ones; ERR_MSG_CANONICAL where the content is fine and the spelling is not.
 */
enum err bundle_decode(struct view bytes, struct bundle *out) MUST_USE;

/* The key at whose value decoding fails, for words to people; size 0: at none of them. */
struct view bundle_fault(struct view bytes);

/*
 * Appends what a collector signs with its certificate's key to vouch for a bundle and so for the
 * chain behind it: "hallmark bundle signature v1\n" and the bundle's canonical bytes. ECDSA (DER)
 * or RSA PKCS#1 v1.5 with SHA-256, or pure Ed25519, as the key is.
 */
void bundle_signed_bytes(struct view bundle, struct buf *to);

#endif

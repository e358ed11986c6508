/*
 * The messages of the wire protocol, version 1. A frame holds one message:
 *
 *   [type: uint, body: map with string keys]
 *
 * The decoder checks every declared count against the bytes that remain, and the depth, before it
 * unpacks anything (msgpack-c would reserve 96 GB for five bytes). It refuses unknown and duplicate
 * keys, wrong types, values out of range, and trailing bytes. PROTOCOL.md has the same table with
 * examples.
 *
 *   type          from       body
 *   1 hello       collector  {"versions": [uint, ...], "agent": str}
 *   2 welcome     signer     {"version": uint, "log": str, "nonce": bin32, "time": uint,
 *                             "part_max": uint, "component_max": uint, "in_flight_max": uint}
 *   3 bundle      collector  {"bundle": bin, "signature"?: bin}
 *   4 want        signer     {"workload": str, "digests"?: [bin32, ...],
 *                             "segments"?: [[list: bin32, bitmap: bin], ...]}
 *   5 part        collector  {"digest": bin32, "offset": uint, "data": bin}
 *   6 receipt     signer     {"workload": str, "seq": uint, "index": uint, "report": bin,
 *                             "proof": bin, "checkpoint": bin, "nonce": bin32,
 *                             "tokens"?: [str, ...]}
 *   7 refusal     signer     {"code": uint, "name": str, "text": str, "workload"?: str,
 *                             "seq"?: uint, "last_seq"?: uint, "last_bundle"?: bin32,
 *                             "nonce"?: bin32, "id"?: uint}
 *   8 measure     signer     {"workload": str, "challenge": bin}
 *   9 challenge   relay      {"id": uint, "collector": str, "workload": str, "nonce": bin}
 *  10 challenged  signer     {"id": uint, "collector": str, "workload": str, "index": uint,
 *                             "report": bin, "proof": bin, "checkpoint": bin}
 *  11 statement   relay      {"id": uint, "envelope": bin}
 *  12 noted       signer     {"id": uint, "sha256": bin32, "index": uint}
 */
#ifndef HALLMARK_PROTO_WIRE_MESSAGE_H
#define HALLMARK_PROTO_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"
#include "proto/evidence/component_list.h"
#include "proto/tlog/merkle.h"

#define PROTOCOL_VERSION       1
#define PROTOCOL_ALPN          "hallmark"   /* RFC 7301; keeps other TLS protocols from mixing in */
#define MESSAGE_VERSIONS_MAX   16           /* versions in a hello */
#define MESSAGE_AGENT_MAX      128          /* bytes */
#define MESSAGE_TEXT_MAX       512          /* bytes of a refusal's sentence */
#define MESSAGE_SIGNATURE_MAX  1024         /* bytes: RSA-8192 */
#define MESSAGE_PART_MAX       (128 * 1024) /* bytes of component data in one part */
#define MESSAGE_DEPTH_MAX      4            /* nested containers: a want with segments has 4 */
#define MESSAGE_ITEMS_MAX      64           /* elements in all containers; a want has 36 */
#define MESSAGE_BITMAP_MAX     (COMPONENT_SEGMENTS_MAX / 8) /* bytes */
#define MESSAGE_VERSION_MAX    65535       /* the largest protocol version that can be named */
#define MESSAGE_IN_FLIGHT_MAX  65535       /* bundles */
#define MESSAGE_REPORT_MAX     65535       /* bytes: an entry of the log */
#define MESSAGE_CHECKPOINT_MAX (64 * 1024) /* bytes: NOTE_SIZE_MAX */
#define MESSAGE_JWS_MAX        20480       /* bytes: base64url of claims, 13 KiB at most */
#define MESSAGE_TOKENS_MAX     6           /* in a receipt: all of it fits into a frame */
#define MESSAGE_ENVELOPE_MAX   (16 * 1024) /* bytes of a statement in its envelope */
#define MESSAGE_ID_MAX         ((1ULL << 53) - 1) /* exact in readers that compute in doubles */

enum message_type {
	MESSAGE_HELLO = 1,
	MESSAGE_WELCOME = 2,
	MESSAGE_BUNDLE = 3,
	MESSAGE_WANT = 4,
	MESSAGE_PART = 5,
	MESSAGE_RECEIPT = 6,
	MESSAGE_REFUSAL = 7,
	MESSAGE_MEASURE = 8,
	MESSAGE_CHALLENGE = 9,
	MESSAGE_CHALLENGED = 10,
	MESSAGE_STATEMENT = 11,
	MESSAGE_NOTED = 12,
};

struct message_hello {
	size_t version_count;                    /* at least 1 */
	uint64_t versions[MESSAGE_VERSIONS_MAX]; /* each larger than the one before */
	struct view agent; /* for the log: name and version of the collector program; printable */
};

struct message_welcome {
	uint64_t version;
	struct view log; /* the log's origin: the collector keeps one hash chain per log */
	uint8_t nonce[NONCE_SIZE];
	uint64_t time_ms;       /* the signer's clock */
	uint64_t part_max;      /* bytes of data the signer takes in one part */
	uint64_t component_max; /* bytes of one component */
	uint64_t in_flight_max; /* bundles without an answer, per connection */
};

struct message_bundle {
	struct view bundle;    /* canonical bytes; their SHA-256 is the next bundle's `prev` */
	struct view signature; /* size 0: none */
};

/*
 * Segments of one list. Bit i, the most significant of a byte first, is set where segment i is
 * wanted; the bitmap has as many bytes as the list's segments need.
 */
struct message_segments {
	struct digest list;
	struct view bitmap; /* a bit at least is set */
};

/* Whole components, and segments of lists that are there: of one of the two at least one. */
struct message_want {
	struct view workload;
	size_t digest_count; /* 0 to COMPONENT_KIND_COUNT */
	struct digest digests[COMPONENT_KIND_COUNT];
	size_t list_count; /* 0 to COMPONENT_KIND_COUNT */
	struct message_segments lists[COMPONENT_KIND_COUNT];
};

/* Parts of one component come in order of offset and without gaps. */
struct message_part {
	struct digest digest;
	uint64_t offset;  /* bytes */
	struct view data; /* at least one byte */
};

struct message_receipt {
	struct view workload;
	uint64_t seq;
	uint64_t index; /* of the report in the log */
	struct view report;
	struct merkle_proof proof; /* on the wire: the hashes in one bin, 32 bytes each */
	struct view checkpoint;    /* signed note */
	uint8_t nonce[NONCE_SIZE]; /* for the next bundle */
	size_t token_count;        /* 0 to MESSAGE_TOKENS_MAX */
	struct view token[MESSAGE_TOKENS_MAX]; /* a JWS each, in the policy's order */
};

struct message_refusal {
	enum err code;    /* ERR_INVARIANT for one that this version does not know */
	struct view name; /* as received; the writer takes it from `code` */
	struct view text;
	struct view workload;      /* size 0: the refusal is about the connection */
	uint64_t seq;              /* of the refused bundle; only with a workload */
	bool has_last;             /* the signer has accepted a bundle of this workload before: */
	uint64_t last_seq;         /* its sequence number */
	struct digest last_bundle; /* and its SHA-256 */
	bool has_nonce;
	uint8_t nonce[NONCE_SIZE]; /* for the next try */
	bool has_id;               /* it is about a relay's request; never with a workload */
	uint64_t id;
};

/* The signer wants the workload measured now; the bundle has the challenge. */
struct message_measure {
	struct view workload;
	struct view challenge; /* BUNDLE_CHALLENGE_MIN to _MAX bytes */
};

/* What a relay asks carries an `id` of its own choice, which the answer or refusal gives back. */
struct message_challenge {
	uint64_t id;
	struct view collector; /* identity */
	struct view workload;
	struct view nonce; /* as message_measure's challenge */
};

struct message_challenged {
	uint64_t id;
	struct view collector;
	struct view workload;
	uint64_t index; /* of the report in the log */
	struct view report;
	struct merkle_proof proof; /* on the wire: as in a receipt */
	struct view checkpoint;    /* signed note */
};

struct message_statement {
	uint64_t id;
	struct view envelope; /* at least one byte */
};

struct message_noted {
	uint64_t id;
	struct digest sha256; /* of the envelope */
	uint64_t index;       /* of the statement's notice in the log */
};

struct message {
	enum message_type type;
	union {
		struct message_hello hello;
		struct message_welcome welcome;
		struct message_bundle bundle;
		struct message_want want;
		struct message_part part;
		struct message_receipt receipt;
		struct message_refusal refusal;
		struct message_measure measure;
		struct message_challenge challenge;
		struct message_challenged challenged;
		struct message_statement statement;
		struct message_noted noted;
	} body;
};

/* Decoding needs scratch memory that is worth keeping; one decoder serves any number of messages.
 */
struct message_decoder;

struct message_decoder *message_decoder_new(void); /* NULL: no memory */
void message_decoder_free(struct message_decoder **d);

/* `out` holds views into `payload`. Errors: the ERR_MSG_ ones, ERR_MEMORY. */
enum err message_decode(
    struct message_decoder *d, struct view payload, struct message *out) MUST_USE;

/* ERR_MSG_RANGE unless the bitmap is one for `count` segments: as long, and no bit behind them. */
enum err message_bitmap_check(struct view bitmap, size_t count) MUST_USE;

/* Whether bit `index` is set; it must be within the bitmap. */
bool message_bitmap_has(struct view bitmap, size_t index);

/*
 * Append one whole frame, in canonical form. A refusal's text is made printable and cut to its
 * limit; other values out of range are written as they are, and the peer refuses them.
 */
void message_write_hello(struct buf *to, const struct message_hello *m);
void message_write_welcome(struct buf *to, const struct message_welcome *m);
void message_write_bundle(struct buf *to, const struct message_bundle *m);
void message_write_want(struct buf *to, const struct message_want *m);
void message_write_part(struct buf *to, const struct message_part *m);
void message_write_receipt(struct buf *to, const struct message_receipt *m);
void message_write_refusal(struct buf *to, const struct message_refusal *m);
void message_write_measure(struct buf *to, const struct message_measure *m);
void message_write_challenge(struct buf *to, const struct message_challenge *m);
void message_write_challenged(struct buf *to, const struct message_challenged *m);
void message_write_statement(struct buf *to, const struct message_statement *m);
void message_write_noted(struct buf *to, const struct message_noted *m);

#endif

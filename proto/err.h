/*
 * Every error of Hallmark, in one place: its stable number, its class and its sentence.
 *
 * The number and the name are part of the wire protocol and of the log format (PROTOCOL.md lists
 * them); they are never reused. The class decides the reaction and is the same everywhere:
 *
 *   REQUEST      the peer asked for something it may not have; answer, count, go on
 *   STREAM       the peer's byte stream cannot be trusted any more; answer, count, close
 *   FORMAT       a document (note, proof, report, tile, pack) is not in its one valid form
 *   PROOF        a document is well formed and proved wrong
 *   ENVIRONMENT  disk, token, clock, memory; retry with back-off or stop, never acknowledge
 *   OURS         a broken invariant; abort
 */
#ifndef HALLMARK_PROTO_ERR_H
#define HALLMARK_PROTO_ERR_H

enum err_class {
	ERR_CLASS_NONE,
	ERR_CLASS_REQUEST,
	ERR_CLASS_STREAM,
	ERR_CLASS_FORMAT,
	ERR_CLASS_PROOF,
	ERR_CLASS_ENVIRONMENT,
	ERR_CLASS_OURS,
};

/* X(identifier, number, class, name, sentence) */
#define ERR_MAP(X)                                                                                 \
	X(ERR_OK, 0, NONE, "ok", "no error")                                                       \
	/* 1xx: the stream is lost */                                                              \
	X(ERR_FRAME_SIZE, 100, STREAM, "frame-size", "a frame's length is zero or over the limit") \
	X(ERR_MSG_SYNTAX, 101, STREAM, "not-messagepack", "the bytes are not MessagePack")         \
	X(ERR_MSG_DEPTH, 102, STREAM, "too-deep", "containers are nested deeper than allowed")     \
	X(ERR_MSG_COUNT, 103, STREAM, "count-beyond-bytes",                                        \
	    "a declared count or length is larger than the bytes that follow")                     \
	X(ERR_MSG_TYPE, 104, STREAM, "wrong-type", "a value has the wrong MessagePack type")       \
	X(ERR_MSG_DUPLICATE, 105, STREAM, "duplicate-key", "a key stands twice in one map")        \
	X(ERR_MSG_KEY, 106, STREAM, "unknown-key", "a map holds a key that this version lacks")    \
	X(ERR_MSG_MISSING, 107, STREAM, "missing-key", "a map lacks a required key")               \
	X(ERR_MSG_RANGE, 108, STREAM, "out-of-range", "a value is outside its allowed range")      \
	X(ERR_MSG_TRAILING, 109, STREAM, "trailing-bytes", "bytes follow the end of the message")  \
	X(ERR_MSG_UNKNOWN, 110, STREAM, "unknown-message", "the message type is not known")        \
	X(ERR_MSG_ORDER, 111, STREAM, "wrong-time", "this message is not allowed at this point")   \
	X(ERR_MSG_CANONICAL, 112, STREAM, "not-canonical", "the bytes are not the canonical form") \
	X(ERR_VERSION, 113, STREAM, "no-common-version", "no protocol version in common")          \
	/* 2xx: one request is refused */                                                          \
	X(ERR_UNAUTHORIZED, 200, REQUEST, "unauthorized",                                          \
	    "this certificate may not speak for this workload, or may not send this message")      \
	X(ERR_NONCE_UNKNOWN, 201, REQUEST, "nonce-unknown",                                        \
	    "the nonce was not given to this connection")                                          \
	X(ERR_NONCE_EXPIRED, 202, REQUEST, "nonce-expired", "the nonce is too old")                \
	X(ERR_NONCE_REUSED, 203, REQUEST, "nonce-reused",                                          \
	    "the nonce was used for this workload before")                                         \
	X(ERR_SEQUENCE, 204, REQUEST, "sequence-not-rising",                                       \
	    "the sequence number does not follow the last accepted one")                           \
	X(ERR_CHAIN, 205, REQUEST, "chain-broken",                                                 \
	    "the bundle does not name the last accepted bundle as its predecessor")                \
	X(ERR_COMPONENT_DIGEST, 206, REQUEST, "component-digest",                                  \
	    "a component's bytes do not hash to its name")                                         \
	X(ERR_COMPONENT_UNWANTED, 207, REQUEST, "component-unwanted",                              \
	    "a component was sent that was not asked for")                                         \
	X(ERR_COMPONENT_FORMAT, 208, REQUEST, "component-format",                                  \
	    "a component is not a canonical list of measurements of its kind")                     \
	X(ERR_EVIDENCE_SIGNATURE, 209, REQUEST, "evidence-signature",                              \
	    "the collector's signature over the bundle does not verify")                           \
	X(ERR_BUSY, 210, REQUEST, "busy", "too much is in flight; try again later")                \
	X(ERR_IN_FLIGHT, 211, REQUEST, "in-flight",                                                \
	    "a bundle or a challenge of this workload is already being processed")                 \
	X(ERR_EVIDENCE_TIME, 212, REQUEST, "evidence-time",                                        \
	    "the time of measurement lies in the future or before its predecessor")                \
	X(ERR_STORAGE, 213, REQUEST, "storage-low",                                                \
	    "the signer's disk is nearly full; try again later")                                   \
	X(ERR_NOT_CONNECTED, 214, REQUEST, "not-connected",                                        \
	    "that collector is not connected, or has not spoken for that workload in this log")    \
	X(ERR_UNANSWERED, 215, REQUEST, "challenge-unanswered",                                    \
	    "no report with that nonce came in time")                                              \
	X(ERR_QUOTA_WORKLOADS, 216, REQUEST, "too-many-workloads",                                 \
	    "this collector has as many workloads as one may have")                                \
	X(ERR_QUOTA_COMPONENTS, 217, REQUEST, "too-many-components",                               \
	    "this collector has sent as many new components as one may in an hour; try later")     \
	X(ERR_QUOTA_REPORTS, 218, REQUEST, "too-many-reports",                                     \
	    "this collector has sent as many reports as one may in an hour; try later")            \
	X(ERR_GAP_PLACE, 219, REQUEST, "gap-place",                                                \
	    "no bundle with a nonce came since the gap record's place, or too long ago")           \
	X(ERR_STATEMENT_FORMAT, 220, REQUEST, "statement-format",                                  \
	    "the statement is not in its one valid form")                                          \
	X(ERR_STATEMENT_ORIGIN, 221, REQUEST, "statement-origin",                                  \
	    "the statement is for another log")                                                    \
	X(ERR_STATEMENT_NUMBER, 222, REQUEST, "statement-number",                                  \
	    "the statement's number is not larger than the last one of its key")                   \
	X(ERR_STATEMENT_RIGHT, 223, REQUEST, "statement-right",                                    \
	    "the operator has no right to statements of this kind")                                \
	X(ERR_STATEMENT_KEY, 224, REQUEST, "statement-key",                                        \
	    "the statement's key is not one of an operator")                                       \
	X(ERR_STATEMENT_SIGNATURE, 225, REQUEST, "statement-signature",                            \
	    "the statement's signature does not verify")                                           \
	X(ERR_STATEMENT_TIME, 226, REQUEST, "statement-time",                                      \
	    "the statement's time is over, or has not begun")                                      \
	X(ERR_STATEMENT_KIND, 227, REQUEST, "statement-kind",                                      \
	    "the statement is of a kind that this version does not act on")                        \
	X(ERR_STATEMENT_AUTHOR, 228, REQUEST, "statement-author",                                  \
	    "an approval by its own author does not count")                                        \
	X(ERR_STATEMENT_SUBJECT, 229, REQUEST, "statement-subject",                                \
	    "the statement's subject is not that of its kind, or not what is in the log now")      \
	/* 3xx: the connection itself */                                                           \
	X(ERR_TLS_HANDSHAKE, 300, STREAM, "tls-handshake", "the TLS handshake failed")             \
	X(ERR_TLS_RECORD, 301, STREAM, "tls-record", "the TLS stream failed after the handshake")  \
	X(ERR_IDENTITY, 302, STREAM, "no-identity",                                                \
	    "the client certificate has no single usable URI or DNS name")                         \
	X(ERR_TIMEOUT_HANDSHAKE, 303, STREAM, "handshake-timeout", "the handshake took too long")  \
	X(ERR_TIMEOUT_FRAME, 304, STREAM, "frame-timeout", "a frame was not finished in time")     \
	X(ERR_TIMEOUT_IDLE, 305, STREAM, "idle-timeout", "the connection was silent too long")     \
	X(ERR_TIMEOUT_READER, 306, STREAM, "reader-timeout", "the peer does not read its answers") \
	X(ERR_CONNECTIONS, 307, STREAM, "too-many-connections", "the connection limit is reached") \
	X(ERR_TRUNCATED, 308, STREAM, "truncated", "the peer closed in the middle of a frame")     \
	X(ERR_CERTIFICATE, 309, STREAM, "certificate-withdrawn",                                   \
	    "the client certificate has expired or is not accepted any more")                      \
	X(ERR_QUOTA_CONNECTIONS, 310, STREAM, "collector-connections",                             \
	    "this collector has as many connections as one may have")                              \
	/* 4xx: documents */                                                                       \
	X(ERR_FORMAT, 400, FORMAT, "bad-format", "the document is not in its one valid form")      \
	X(ERR_FORMAT_BASE64, 401, FORMAT, "bad-base64", "the base64 is not canonical")             \
	X(ERR_FORMAT_NUMBER, 402, FORMAT, "bad-number", "a decimal number is not canonical")       \
	X(ERR_FORMAT_SIZE, 403, FORMAT, "bad-size", "the document is larger than allowed")         \
	X(ERR_UNSUPPORTED, 404, FORMAT, "unsupported",                                             \
	    "a version, algorithm or profile is not known")                                        \
	X(ERR_UNKNOWN_KEY, 405, FORMAT, "unknown-signer", "no signature by the given key")         \
	X(ERR_PROOF, 450, PROOF, "bad-proof", "the Merkle proof does not lead to the root")        \
	X(ERR_SIGNATURE, 451, PROOF, "bad-signature", "the signature does not verify")             \
	X(ERR_DIGEST, 452, PROOF, "bad-digest", "bytes do not have the digest that names them")    \
	X(ERR_MISMATCH, 453, PROOF, "mismatch", "two records that must agree do not")              \
	/* 5xx: the key process refuses to sign */                                                 \
	X(ERR_GUARD_ROLLBACK, 500, PROOF, "guard-rollback",                                        \
	    "the tree is smaller than the last one signed")                                        \
	X(ERR_GUARD_FORK, 501, PROOF, "guard-fork",                                                \
	    "the tree is not an extension of the last one signed")                                 \
	X(ERR_GUARD_UNLOGGED, 502, PROOF, "guard-unlogged",                                        \
	    "the report is not in the last signed tree")                                           \
	X(ERR_KEY_EXPORTABLE, 503, PROOF, "key-exportable",                                        \
	    "the key can, or could, leave the token")                                              \
	X(ERR_KEY_MISMATCH, 504, PROOF, "key-mismatch",                                            \
	    "key, certificate and signature do not belong together")                               \
	X(ERR_TOKEN_PROFILE, 505, REQUEST, "token-profile",                                        \
	    "no profile of the key process gives a token about this report")                       \
	X(ERR_GUARD_GROWTH, 506, REQUEST, "guard-growth",                                          \
	    "the log would grow faster than the key process lets it; ask again a moment later")    \
	X(ERR_GUARD_KEY, 507, PROOF, "guard-key",                                                  \
	    "this key does not sign, or no operator has ordered that it gives way so")             \
	/* 6xx: environment */                                                                     \
	X(ERR_IO, 600, ENVIRONMENT, "io", "a system call failed")                                  \
	X(ERR_MEMORY, 601, ENVIRONMENT, "memory", "out of memory")                                 \
	X(ERR_TOKEN, 602, ENVIRONMENT, "token", "the token failed")                                \
	X(ERR_CONFIG, 603, ENVIRONMENT, "config", "the configuration is not usable")               \
	X(ERR_NOT_FOUND, 604, ENVIRONMENT, "not-found", "the named thing does not exist")          \
	X(ERR_CRYPTO, 605, ENVIRONMENT, "crypto", "the cryptographic library failed")              \
	X(ERR_CHANGED, 606, ENVIRONMENT, "changed", "the thing changed while it was read")         \
	X(ERR_CLOSED, 607, ENVIRONMENT, "closed", "the other side closed the connection")          \
	X(ERR_CLOCK, 608, ENVIRONMENT, "clock",                                                    \
	    "the signer's clock is not to be trusted; try again later")                            \
	X(ERR_PIN_REFUSED, 609, ENVIRONMENT, "pin-refused",                                        \
	    "the token has refused the PIN; it is not tried again before an operator acts")        \
	X(ERR_TOKEN_UNFIT, 610, ENVIRONMENT, "token-unfit",                                        \
	    "the token cannot do this before an operator has changed something about it")          \
	X(ERR_BUDGET, 611, ENVIRONMENT, "budget-exceeded",                                         \
	    "it would cost more than it is allowed to")                                            \
	X(ERR_NO_ROOM, 612, ENVIRONMENT, "no-room", "there is no room on the disk")                \
	/* 9xx: ours */                                                                            \
	X(ERR_INVARIANT, 900, OURS, "invariant", "an internal invariant is broken")

#define ERR_ENUM(identifier, number, class, name, sentence) identifier = number,
enum err { ERR_MAP(ERR_ENUM) };
#undef ERR_ENUM

#define MUST_USE __attribute__((warn_unused_result))

/* Stable short name ("nonce-reused"); "unknown-error" for a number that is not in the map. */
const char *err_name(enum err e);

/* One sentence in lower case without a full stop. */
const char *err_text(enum err e);

enum err_class err_class(enum err e);

/* The error with this wire number, or ERR_INVARIANT if there is none. */
enum err err_from_number(unsigned long number);

/* Dense index 0..err_count()-1 of an error, for counter arrays, and its inverse. */
unsigned err_index(enum err e);
unsigned err_count(void);
enum err err_at(unsigned index);

#endif

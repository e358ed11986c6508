/*
 * Verification summaries: what a report on the start of something says, for those who deploy it and
 * know nothing of logs. A statement of in-toto (github.com/in-toto/attestation, Statement v1) with
 * the predicate of a SLSA verification summary (slsa.dev/verification_summary/v1), in an envelope
 * (DSSE v1), signed by the log's key. The key process alone makes them, out of a logged report and
 * a profile of its own configuration (pkcs11/serve/summaries.h); PROTOCOL.md, "Verification
 * summaries", has the format.
 *
 * Of payload and envelope one spelling is valid (proto/json/json_write.h). What is not SLSA's
 * stands in the annotations of the subject, where in-toto has a place for it: a reader that refuses
 * members it does not know takes a summary all the same.
 *
 * The key signs what DSSE signs, "DSSEv1 28 application/vnd.in-toto+json ...", with the hash and
 * padding that tokens have (RFC 7518), and ECDSA in DER with the lower s. So nothing that it signs
 * is a checkpoint (there is no newline) or a token (there are blanks).
 */
#ifndef HALLMARK_PROTO_SUMMARY_SUMMARY_H
#define HALLMARK_PROTO_SUMMARY_SUMMARY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle_extensions.h"
#include "proto/report/report.h"

/* Bytes of an envelope: of a payload with all names as long as they may be, in base64. */
#define SUMMARY_SIZE_MAX      16384
#define SUMMARY_SIGNATURE_MAX 1024 /* bytes: RSA of 8,192 bits */

/* Views are of printable text (proto/text.h). */
struct summary {
	struct bundle_artifact artifact; /* what was judged; the subject's digest */
	struct view workload;            /* that it would be; the subject's name */
	struct view collector;           /* identity of who measured it */
	struct view log;                 /* origin */
	uint64_t index;                  /* of the report in the log */
	struct digest leaf;              /* of the report: its leaf hash */
	struct digest report;            /* SHA-256 of its bytes: the input attestation */
	enum report_status status;       /* affirming: PASSED; all others: FAILED */
	struct view verifier;            /* id: a URI */
	struct view developer, build;    /* whose version the verifier is, and which */
	uint64_t verified_s;             /* iat of the report, seconds since 1970 */
	struct view resource;            /* URI of what the artifact is one of */
	struct view policy;              /* URI of the policy */
	struct digest policy_digest;     /* of its manifest */
};

/* Appends the payload. ERR_FORMAT where it names no artifact; ERR_MEMORY. */
enum err summary_write_payload(const struct summary *s, struct buf *to) MUST_USE;

/* Appends what is signed. */
void summary_signed_bytes(struct view payload, struct buf *to);

/* Appends the envelope. ERR_FORMAT_SIZE where it would be over SUMMARY_SIZE_MAX; ERR_MEMORY. */
enum err summary_write_envelope(struct view payload, const struct digest *key_id,
    struct view signature, struct buf *to) MUST_USE;

/* An envelope that was read, with a copy of all that the summary has views of. */
struct summary_document {
	struct summary summary;
	struct digest
	    key_id; /* that it says it is signed by: nothing is known before it is verified
		     */
	struct buf payload, signature, strings;
};

#define SUMMARY_DOCUMENT_INIT                                                                      \
	{                                                                                          \
		.payload = {NULL, 0, 0, false}, .signature = {NULL, 0, 0, false}, .strings = {     \
			NULL,                                                                      \
			0,                                                                         \
			0,                                                                         \
			false                                                                      \
		}                                                                                  \
	}

/* Reads the one form. ERR_FORMAT, ERR_FORMAT_SIZE, ERR_MEMORY. */
enum err summary_parse(struct view envelope, struct summary_document *d) MUST_USE;
void summary_document_free(struct summary_document *d);

/* The name of a key: SHA-256 of its SubjectPublicKeyInfo in DER. ERR_CRYPTO. */
enum err summary_key_id(EVP_PKEY *key, struct digest *out) MUST_USE;

/*
 * ERR_UNKNOWN_KEY if it names another key, ERR_SIGNATURE, ERR_MEMORY, ERR_CRYPTO. An RSA key is
 * held to PKCS #1 v1.5 or PSS, whichever it signs in.
 */
enum err summary_verify(const struct summary_document *d, EVP_PKEY *key) MUST_USE;

#endif

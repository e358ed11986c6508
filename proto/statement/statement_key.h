/*
 * Keys that sign statements, by their public halves.
 *
 *   ECDSA   P-256 with SHA-256, P-384 with SHA-384; named curve, uncompressed point
 *   Ed25519
 *   RSA     2,048 to 8,192 bits: RSASSA-PKCS1-v1_5 with SHA-256
 *
 * A key's name everywhere is the SHA-256 of its SubjectPublicKeyInfo in DER (RFC 5280, 4.1), of
 * which one spelling is taken: so each key has one name.
 */
#ifndef HALLMARK_PROTO_STATEMENT_STATEMENT_KEY_H
#define HALLMARK_PROTO_STATEMENT_STATEMENT_KEY_H

#include <openssl/evp.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define STATEMENT_KEY_SPKI_MAX 1100 /* bytes: RSA of 8,192 bits has 1,062 */
#define STATEMENT_RSA_BITS_MIN 2048
#define STATEMENT_RSA_BITS_MAX 8192 /* a signature of 1,024 bytes; nobody has longer keys */

struct statement_key;

/*
 * From SubjectPublicKeyInfo, or from a key that is held already, whose private half may be there
 * (a reference is taken). ERR_FORMAT, ERR_UNSUPPORTED for a key of another kind or size,
 * ERR_MEMORY; *out is NULL then.
 */
enum err statement_key_from_spki(struct view der, struct statement_key **out) MUST_USE;
enum err statement_key_from_held(EVP_PKEY *key, struct statement_key **out) MUST_USE;
void statement_key_free(struct statement_key **k);

const struct digest *statement_key_id(const struct statement_key *k);
struct view statement_key_spki(const struct statement_key *k);

/* Such as "ECDSA on P-256 with SHA-256". */
const char *statement_key_algorithm(const struct statement_key *k);

/* What the message is hashed by; NULL for Ed25519. */
const EVP_MD *statement_key_hash(const struct statement_key *k);

EVP_PKEY *statement_key_held(const struct statement_key *k); /* borrowed */

/* ERR_SIGNATURE, ERR_MEMORY. */
enum err statement_key_verify(
    const struct statement_key *k, struct view message, struct view signature) MUST_USE;

#endif

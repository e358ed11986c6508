/*
 * Public keys as JOSE names them: members of a JWK (RFC 7517, 7518, 8037), and its thumbprint
 * (RFC 7638). EC on P-256, P-384, P-521, RSA up to 4,096 bits, Ed25519.
 */
#ifndef HALLMARK_TRUST_JWK_H
#define HALLMARK_TRUST_JWK_H

#include <openssl/evp.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/*
 * Appends the members that are required, in lexicographic order and without braces: what the
 * thumbprint is over. ERR_UNSUPPORTED for another kind of key, ERR_CRYPTO, ERR_MEMORY.
 */
enum err jwk_append_members(EVP_PKEY *key, struct buf *to) MUST_USE;

enum err jwk_thumbprint(EVP_PKEY *key, struct digest *out) MUST_USE;

#endif

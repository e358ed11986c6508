/*
 * Detached signatures by keys that OpenSSL holds: of collectors over bundles, of operators over
 * statements.
 */
#ifndef HALLMARK_PROTO_SIGNATURE_H
#define HALLMARK_PROTO_SIGNATURE_H

#include <openssl/evp.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Checks a signature over a message: ECDSA in DER (either s), RSASSA-PKCS1-v1_5, or with an RSA-PSS
 * key RSASSA-PSS, over the message's `hash`; Ed25519 and Ed448, which take the message itself,
 * whatever `hash` is. `key` may be NULL: nothing is signed by it. ERR_SIGNATURE, ERR_MEMORY.
 */
enum err signature_verify(
    EVP_PKEY *key, const EVP_MD *hash, struct view message, struct view signature) MUST_USE;

#endif

/*
 * The collector's own signature over a bundle, and so over the chain behind it: ECDSA or RSA PKCS#1
 * v1.5 with SHA-256, or Ed25519, over bundle_signed_bytes, by the key of its TLS certificate.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_VOUCH_H
#define HALLMARK_COLLECTOR_REPORT_VOUCH_H

#include <openssl/evp.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Appends the signature. ERR_UNSUPPORTED for another kind of key, ERR_CRYPTO, ERR_MEMORY. */
enum err vouch_sign(EVP_PKEY *key, struct view bundle, struct buf *signature) MUST_USE;

#endif

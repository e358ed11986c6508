/*
 * JWS in compact form (RFC 7515) and the key that verifies it as a JWK (RFC 7517, RFC 7518).
 */
#ifndef HALLMARK_PKCS11_SERVE_JWS_H
#define HALLMARK_PKCS11_SERVE_JWS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * Appends base64url(header) '.', the same before every payload of a key. The header is
 * {"alg":"ES256"|"ES384"|"RS256"|"PS256","typ":"JWT","kid":"..."}, with the key's thumbprint (RFC
 * 7638) as kid. `alg` is of the key's algorithm (token/algorithm.h).
 */
enum err jws_append_header(EVP_PKEY *key, const char *alg, struct buf *to) MUST_USE;

/* Appends base64url(payload): with the header before it, what is signed. */
void jws_append_payload(struct view payload, struct buf *to);

/* Appends '.' base64url(signature); of ECDSA the raw r || s. */
void jws_append_signature(struct view signature, struct buf *to);

/* A key that signs tokens: its certificate, and those of the CAs behind it, which are its x5c. */
struct jws_key {
	const STACK_OF(X509) * chain;
	const char *alg;
};

/* Appends {"keys":[...]}. */
enum err jws_append_key_set(const struct jws_key *keys, size_t count, struct buf *to) MUST_USE;

#endif

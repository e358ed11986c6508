/*
 * ECDSA of P-256 by a key that is known long before its signatures. Such a key gets a table of its
 * multiples, as OpenSSL has one of the curve's generator, and several signatures share the one
 * division that each would need: eight take a third of what EVP_PKEY_verify takes each
 * (tests/bench/known_key.c). Arithmetic and table are OpenSSL's; the equation of FIPS 186-5, 6.4.2,
 * is ours. Only public values go in: nothing here runs in constant time.
 *
 * The table pays where OpenSSL has P-256 of its own (x86-64, arm, arm64, ppc64le); elsewhere this
 * is as right, and slower.
 */
#ifndef HALLMARK_PROTO_ECDSA_KNOWN_H
#define HALLMARK_PROTO_ECDSA_KNOWN_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define ECDSA_KNOWN_AT_ONCE     8  /* signatures: with more the rest of the division is small */
#define ECDSA_KNOWN_DIGEST_SIZE 32 /* bytes: SHA-256, or what else is as long */
#define ECDSA_KNOWN_SIZE        64 /* bytes of a signature: r || s, big-endian */

/* Never changes: any number of threads may verify with one. */
struct ecdsa_known;

/* Takes 20 ms, and 150 KB. ERR_UNSUPPORTED: not a key of P-256; ERR_CRYPTO, ERR_MEMORY. */
enum err ecdsa_known_new(EVP_PKEY *key, struct ecdsa_known **out) MUST_USE;

/* Takes NULL. */
void ecdsa_known_free(struct ecdsa_known **k);

struct ecdsa_signed {
	struct view digest, signature; /* of the sizes above; either s is taken */
};

/*
 * Whether all of these are signatures by the key: 1 to ECDSA_KNOWN_AT_ONCE of them. Whatever fails,
 * memory too: false.
 */
bool ecdsa_known_verify(const struct ecdsa_known *k, const struct ecdsa_signed *all, size_t count);

#endif

/*
 * The part of OpenSSL that a front's handshakes use: a library context of its own, so that fronts
 * do not wait for each other's locks, whose provider is the default one without what TLS 1.3 with
 * certificates never asks for.
 *
 * Why less is more: to decode the public key of a certificate, OpenSSL 3.0 looks anew, for each
 * certificate, at every kind of key and every decoder that a provider has, name by name. With the
 * default provider's forty decoders and eighteen kinds of keys that is a fifth of a full handshake,
 * more than the key exchange; with those that certificates can need it is a twenty-fifth.
 *
 * Certificates may have the keys that TLS 1.3 knows: EC, RSA, RSA-PSS, Ed25519, Ed448. Keys are
 * exchanged by elliptic curves, not by the finite fields of RFC 7919, with which one who has no
 * certificate could ask for milliseconds of work. Private keys and files in PEM are not read with
 * it, but with OpenSSL's default context.
 */
#ifndef HALLMARK_SIGNER_FRONT_TLS_LIBRARY_H
#define HALLMARK_SIGNER_FRONT_TLS_LIBRARY_H

#include <openssl/types.h>

#include "proto/err.h"

struct tls_library;

/* Not by two threads at once. ERR_CRYPTO, ERR_MEMORY; *out NULL then. */
enum err tls_library_new(struct tls_library **out) MUST_USE;

/* After everything that was made with it. Takes NULL. */
void tls_library_free(struct tls_library **library);

OSSL_LIB_CTX *tls_library_context(const struct tls_library *library);

#endif

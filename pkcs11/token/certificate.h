/*
 * The key's certificate, and those of the CAs behind it that stand in the same file: read, written,
 * compared with the key.
 */
#ifndef HALLMARK_PKCS11_TOKEN_CERTIFICATE_H
#define HALLMARK_PKCS11_TOKEN_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* The first certificate of a PEM file. ERR_NOT_FOUND, ERR_FORMAT; explained on stderr. */
enum err certificate_read(const char *path, X509 **out) MUST_USE;

/* ERR_KEY_MISMATCH, explained, unless it certifies `key`. */
enum err certificate_check_key(const char *path, X509 *certificate, EVP_PKEY *key) MUST_USE;

/*
 * What a signer takes of them at most, in DER: in one answer there may be a succession behind them
 * (serve/succession.h).
 */
#define CERTIFICATE_CHAIN_BYTES_MAX 16384

/* All certificates of a PEM file, the key's first, 8 at most, of so many bytes; at least one. */
enum err certificate_read_chain(const char *path, STACK_OF(X509) * *out) MUST_USE;
void certificate_free_chain(STACK_OF(X509) * *chain);

/*
 * ERR_MISMATCH, explained, unless each certificate of the chain was issued by the CA right behind
 * it: the order in which TLS, x5c (RFC 7515, 4.1.6) and auditors take it. Dates are not looked at.
 */
enum err certificate_check_order(const char *path, const STACK_OF(X509) * chain) MUST_USE;

/* Explained, of the first that is not, unless all of them are valid now. */
bool certificate_is_current(const char *path, const STACK_OF(X509) * chain);

/* Writes PEM by way of a temporary file, synced. */
enum err certificate_write(const char *path, const STACK_OF(X509) * chain) MUST_USE;

/* Append DER of the certificate, or of a key's SubjectPublicKeyInfo. */
enum err certificate_append_der(X509 *certificate, struct buf *to) MUST_USE;
enum err certificate_append_spki(EVP_PKEY *key, struct buf *to) MUST_USE;

#endif

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

/* All certificates of a PEM file, the key's first; at least one. */
enum err certificate_read_chain(const char *path, STACK_OF(X509) * *out) MUST_USE;
void certificate_free_chain(STACK_OF(X509) * *chain);

/* Explained unless it is valid now. */
bool certificate_is_current(const char *path, X509 *certificate);

/* Writes PEM by way of a temporary file, synced. */
enum err certificate_write(const char *path, const STACK_OF(X509) * chain) MUST_USE;

/* Append DER of the certificate, or of a key's SubjectPublicKeyInfo. */
enum err certificate_append_der(X509 *certificate, struct buf *to) MUST_USE;
enum err certificate_append_spki(EVP_PKEY *key, struct buf *to) MUST_USE;

#endif

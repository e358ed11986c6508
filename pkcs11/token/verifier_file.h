/*
 * The verifier key line of the key beside the first, in a file: by which witnesses and the tools of
 * C2SP know the log, and to what this process holds the token, as it does by the certificate with
 * the first key.
 */
#ifndef HALLMARK_PKCS11_TOKEN_VERIFIER_FILE_H
#define HALLMARK_PKCS11_TOKEN_VERIFIER_FILE_H

#include "proto/err.h"
#include "proto/tlog/note_key.h"

/*
 * Of an Ed25519 key under the name of this log. ERR_NOT_FOUND; ERR_FORMAT; ERR_KEY_MISMATCH if it
 * is another log's or of another kind. Explained on stderr.
 */
enum err verifier_file_read(
    const char *path, const char *origin, struct note_verifier **out) MUST_USE;

/* ERR_KEY_MISMATCH, explained, unless it is of `key`. */
enum err verifier_file_check_key(
    const char *path, const struct note_verifier *v, EVP_PKEY *key) MUST_USE;

/* Writes the line and a newline by way of a temporary file, synced. */
enum err verifier_file_write(const char *path, const struct note_verifier *v) MUST_USE;

#endif

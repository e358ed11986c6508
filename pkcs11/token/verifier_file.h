/*
 * The verifier key line of the key beside the first, in a file: by which witnesses and the tools of
 * C2SP know the log, and to what this process holds the token, as it does by the certificate with
 * the first key.
 */
#ifndef HALLMARK_PKCS11_TOKEN_VERIFIER_FILE_H
#define HALLMARK_PKCS11_TOKEN_VERIFIER_FILE_H

#include "config/hsm_config.h"
#include "pkcs11/token/token.h"
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

/*
 * Finds the Ed25519 key of the configuration, which has one: it is the one of the file, and cannot
 * leave the token. As verifier_file_read and verifier_file_check_key, token_find_key and
 * token_refuse_exportable; *out is the file's also where the token has another.
 */
enum err verifier_file_find_key(
    const struct hsm_config *c, struct token *token, struct note_verifier **out) MUST_USE;

/* Writes the line and a newline by way of a temporary file, synced. */
enum err verifier_file_write(const char *path, const struct note_verifier *v) MUST_USE;

#endif

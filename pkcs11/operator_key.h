/*
 * The key by which an operator signs statements: in a file, or on a token of its own. Never the
 * log's key, which signs for the log and for nobody else.
 */
#ifndef HALLMARK_PKCS11_OPERATOR_KEY_H
#define HALLMARK_PKCS11_OPERATOR_KEY_H

#include "config/hsm_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/statement/statement_key.h"

struct operator_key;

/*
 * A private key in PEM, in a regular file that belongs to this user or root and is closed to all
 * others; one behind a pass phrase is refused. Explained on stderr.
 */
enum err operator_key_open_file(const char *path, struct operator_key **out) MUST_USE;

/*
 * A key on the configuration's token, by its label: P-256, or RSA of a size that statements allow.
 * The configuration must outlive it. Explained on stderr.
 */
enum err operator_key_open_token(
    const struct hsm_config *config, const char *label, struct operator_key **out) MUST_USE;

/*
 * The one or the other: of a file where `path` is not NULL, else by its label, on the token of a
 * configuration that is loaded, and is the caller's to free behind the key. Explained on stderr.
 */
enum err operator_key_open(const char *path, const char *config_path, const char *label,
    struct hsm_config **config, struct operator_key **out) MUST_USE;

void operator_key_free(struct operator_key **k);

/* The public half; owned by the key. */
const struct statement_key *operator_key_public(const struct operator_key *k);

/* Appends a signature in the form of statements (statement_key.h). ERR_TOKEN, ERR_CRYPTO. */
enum err operator_key_sign(struct operator_key *k, struct view message, struct buf *to) MUST_USE;

/*
 * A public key alone, in PEM: of the first certificate in a file; or of a file that holds it, or
 * the private key (which is then looked at as operator_key_open_file does). Explained on stderr.
 */
enum err operator_key_of_certificate(const char *path, struct statement_key **out) MUST_USE;
enum err operator_key_of_file(const char *path, struct statement_key **out) MUST_USE;

#endif

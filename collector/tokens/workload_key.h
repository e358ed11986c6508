/*
 * The public key of a workload, which its tokens are bound to (`token.key` of the configuration): a
 * file with a JWK (RFC 7517) or a SubjectPublicKeyInfo in PEM. What it is called by is the SHA-256
 * thumbprint of its JWK (RFC 7638).
 *
 * Whoever may write the file chooses the key. That a workload has the private one nobody here
 * knows: who takes a token has it prove that.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_WORKLOAD_KEY_H
#define HALLMARK_COLLECTOR_TOKENS_WORKLOAD_KEY_H

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define WORKLOAD_KEY_SIZE_MAX 16384 /* bytes of the file */

/* ERR_NOT_FOUND, ERR_IO, ERR_FORMAT_SIZE, or as workload_key_thumbprint, with the trouble. */
enum err workload_key_read(const char *path, struct digest *out, struct trouble *t) MUST_USE;

/* ERR_FORMAT: neither of the two; ERR_UNSUPPORTED: another kind of key; ERR_CRYPTO, ERR_MEMORY. */
enum err workload_key_thumbprint(struct view text, struct digest *out) MUST_USE;

#endif

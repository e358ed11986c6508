/*
 * Cosignatures (C2SP tlog-cosignature v1, type 0x04): a witness says when it has seen a checkpoint,
 * by a signature line of its own in the checkpoint's note (note.h).
 *
 *   the line's bytes    key ID || time, 8 bytes, big-endian || 64 bytes of Ed25519
 *   what is signed      "cosignature/v1\n" "time " decimal "\n" and the checkpoint's text
 *   key ID              SHA-256(name || 0A || 04 || key)[:4]
 *   verifier key line   name '+' hex(key ID) '+' base64(04 || key)
 *
 * A log's own signature does not tell when it was made. A witness's does, to who believes the
 * witness: it also says that the tree has grown from all trees of that log which the witness has
 * cosigned before.
 */
#ifndef HALLMARK_PROTO_TLOG_COSIGNATURE_H
#define HALLMARK_PROTO_TLOG_COSIGNATURE_H

#include <openssl/evp.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/note.h"

#define COSIGNATURE_TYPE 0x04

/* A witness's key, under its name: the public one, or both. */
struct cosigner;

/*
 * From a verifier key line without its newline, in its one form. ERR_FORMAT, ERR_FORMAT_BASE64;
 * ERR_UNSUPPORTED for another type of key; ERR_MISMATCH if the key ID is another key's; ERR_MEMORY,
 * ERR_CRYPTO. *out is NULL then.
 */
enum err cosigner_read(struct view line, struct cosigner **out) MUST_USE;

/*
 * The witness itself. Takes a reference on `key`, a private one of Ed25519 (ERR_UNSUPPORTED for
 * another). ERR_FORMAT for a name that no key may have; ERR_MEMORY, ERR_CRYPTO. *out is NULL then.
 */
enum err cosigner_new(const char *name, EVP_PKEY *key, struct cosigner **out) MUST_USE;

void cosigner_free(struct cosigner **c);
const char *cosigner_name(const struct cosigner *c);

/* Appends the verifier key line, without a newline. ERR_MEMORY. */
enum err cosigner_write(const struct cosigner *c, struct buf *to) MUST_USE;

/*
 * The earliest time at which the witness says that it has seen the note's text, in seconds since
 * 1970. It may have said so more than once, in lines of its own, all of which have to be right.
 * ERR_UNKNOWN_KEY if it has said nothing; ERR_SIGNATURE if a line that claims to be its (name and
 * key ID agree) does not verify; ERR_FORMAT_SIZE if one has not just 72 bytes behind the key ID,
 * ERR_FORMAT_NUMBER if its time is 0; ERR_MEMORY, ERR_CRYPTO.
 */
enum err cosigner_check(const struct cosigner *c, const struct note *n, uint64_t *time_s) MUST_USE;

/*
 * Appends the line by which the witness says that it has seen `text` at `time_s`, in seconds since
 * 1970 and not 0: behind a whole note it makes one with that line. Whether it may say so is for the
 * caller to know: the tree has to have grown from all that it has cosigned. ERR_UNSUPPORTED of one
 * whose public key alone is known; ERR_FORMAT_NUMBER, ERR_MEMORY, ERR_CRYPTO.
 */
enum err cosigner_sign(
    const struct cosigner *c, struct view text, uint64_t time_s, struct buf *to) MUST_USE;

#endif

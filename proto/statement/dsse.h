/*
 * DSSE v1 (github.com/secure-systems-lab/dsse): what a signature of an envelope is over, and the
 * envelope with one signature in Hallmark's one spelling:
 *
 *   {"payloadType":"<type>","payload":"<base64>","signatures":[{"keyid":"<hex>","sig":"<base64>"}]}
 *
 * Types are ours: printable, with nothing that JSON would have to escape.
 */
#ifndef HALLMARK_PROTO_STATEMENT_DSSE_H
#define HALLMARK_PROTO_STATEMENT_DSSE_H

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/*
 * Appends the pre-authentication encoding, which binds the payload's type:
 * "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, lengths in decimal bytes.
 */
void dsse_signed_bytes(struct view type, struct view payload, struct buf *to);

/*
 * Appends the envelope. ERR_FORMAT_SIZE, and nothing, where it is longer than `size_max`;
 * ERR_MEMORY.
 */
enum err dsse_write(struct view type, struct view payload, const struct digest *key_id,
    struct view signature, size_t size_max, struct buf *to) MUST_USE;

/*
 * Reads one of this type: appends payload and signature, of which neither is empty. The key id is
 * the SHA-256 of the key's SubjectPublicKeyInfo. `strings` is scratch. ERR_FORMAT for any other
 * spelling, ERR_MEMORY.
 */
enum err dsse_read(struct view type, struct view envelope, struct buf *strings, struct buf *payload,
    struct digest *key_id, struct buf *signature) MUST_USE;

#endif

/*
 * Nonces: 32 bytes that nobody can guess, bound to a connection, with a time and a serial number
 * that only this process can read back.
 *
 * A nonce is two AES-256 blocks under a key that is drawn at start and never leaves the process:
 *
 *   AES(connection u64 || serial u64) || AES(time in ms u64 || low half of connection || of serial)
 *
 * so the signer keeps nothing per nonce that was given, however many are outstanding. Both blocks
 * carry connection and serial: halves of two nonces do not make a third. To a peer they are
 * random. Serial numbers rise through the life of the process; "once per workload" is then a
 * comparison with the last serial that the workload used.
 */
#ifndef HALLMARK_SIGNER_SESSION_NONCE_H
#define HALLMARK_SIGNER_SESSION_NONCE_H

#include <stdint.h>

#include "proto/err.h"
#include "proto/evidence/bundle.h"

struct nonce_source;

struct nonce_word {
	uint64_t serial; /* 1 or more */
	uint64_t age_ms; /* since it was given */
};

/* NULL if the library gives no random key. */
struct nonce_source *nonce_source_new(void);
void nonce_source_free(struct nonce_source **s); /* wipes the key */

/* `now_ms` is of the monotonic clock, here and below. */
void nonce_make(
    struct nonce_source *s, uint64_t connection, uint64_t now_ms, uint8_t nonce[NONCE_SIZE]);

/*
 * ERR_NONCE_UNKNOWN if it was not given to this connection, ERR_NONCE_EXPIRED if it is older than
 * `lifetime_ms`; then `out` is all 0.
 */
enum err nonce_check(struct nonce_source *s, uint64_t connection, uint64_t now_ms,
    uint64_t lifetime_ms, const uint8_t nonce[NONCE_SIZE], struct nonce_word *out) MUST_USE;

#endif

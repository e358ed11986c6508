/*
 * One TLS connection to a signer: TLS 1.3 only, certificates on both sides, ALPN "hallmark", every
 * step with a deadline. The signer's chain is verified against the configured CA and its name
 * against the configured one. The newest session ticket of each signer is kept in memory, so that
 * coming back costs no full handshake.
 *
 * Errors: ERR_NOT_FOUND (the name does not resolve), ERR_IO (no connection), ERR_TLS_HANDSHAKE,
 * ERR_TLS_RECORD, ERR_TIMEOUT_HANDSHAKE, ERR_TIMEOUT_FRAME, ERR_CLOSED, ERR_TRUNCATED,
 * ERR_FRAME_SIZE; ERR_CLOSED also when the program was asked to stop, and for
 * what is sent and read when the time for a last word is over. After any of them the channel
 * is to be closed.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_CHANNEL_H
#define HALLMARK_COLLECTOR_REPORT_CHANNEL_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define CHANNEL_CONNECT_MS   10000 /* for TCP, each address */
#define CHANNEL_HANDSHAKE_MS 10000
#define CHANNEL_WRITE_MS     30000 /* for one frame */

struct channel;
struct channel_context; /* collector/report/channel_context.h */

/* Connects to signer number `signer` of the configuration. Sets *out to NULL first. */
enum err channel_open(
    struct channel_context *c, size_t signer, struct channel **out, struct trouble *t) MUST_USE;

/* What the lender says first, in one byte. */
enum channel_lent { CHANNEL_LENT_YOURS = 1, CHANNEL_LENT_STRANGER = 2, CHANNEL_LENT_BUSY = 3 };

/*
 * One that the running collector lends at its socket `path` (collector/gate/lender.h): the same
 * frames go over it, in the clear and within this host, to signer number `signer` of its
 * configuration. `certificate` is the host's. ERR_NOT_FOUND: nobody is there; ERR_BUSY: too many
 * are; ERR_UNAUTHORIZED: it is not lent to this user; ERR_CONFIG: the certificate cannot be read;
 * channel_descriptor and the rest are as for one's own.
 */
enum err channel_open_lent(const char *path, size_t signer, const char *certificate,
    struct channel **out, struct trouble *t) MUST_USE;

/* Says good-bye (a session that is not shut down cannot be resumed) and frees. */
void channel_close(struct channel **c);

bool channel_was_resumed(const struct channel *c);

/* What this host has shown of itself; the channel's own. */
X509 *channel_certificate(const struct channel *c);

/* Sends all of it. */
enum err channel_write(struct channel *c, struct view frames, struct trouble *t) MUST_USE;

/* Waits for one frame; its payload is valid until the next call. */
enum err channel_read(
    struct channel *c, uint64_t timeout_ms, struct view *payload, struct trouble *t) MUST_USE;

/*
 * Takes a frame that has come already, without waiting; a payload of size 0 if there is none. To be
 * called between exchanges, when the descriptor is readable and once after each: what came behind
 * an answer makes nothing readable.
 */
enum err channel_take(struct channel *c, struct view *payload, struct trouble *t) MUST_USE;

/* The descriptor to wait on between exchanges. */
int channel_descriptor(const struct channel *c);

#endif

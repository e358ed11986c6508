/*
 * One question to a signer, as a relay (proto/PROTOCOL.md, sections 1 to 3): a connection of its
 * own, TLS 1.3 with certificates on both sides, hello, the question, its answer. For a thread that
 * may wait; every step is within one deadline, but for looking up a name, which the system bounds.
 *
 * A connection for each keeps nothing that can be stale: a signer that was started again, or
 * renewed certificates, are met by the next question. A signer takes ten questions a second of a
 * relay, so that handshakes cost nobody.
 */
#ifndef HALLMARK_REGISTER_RELAY_SIGNER_LINK_H
#define HALLMARK_REGISTER_RELAY_SIGNER_LINK_H

#include <stdint.h>

#include "config/register_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/wire/message.h"

#define SIGNER_LINK_ID       1   /* of the question: one a connection */
#define SIGNER_LINK_WHY_SIZE 320 /* bytes, with NUL */

struct signer_answer {
	struct message_decoder *decoder;
	struct buf bytes; /* what the message's views lie in */
	struct message message;
};

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t signer_link_now_ms(void);

/*
 * Sends the frame of a question with the id SIGNER_LINK_ID; the answer is a challenged, noted or
 * refusal with that id. Any error has words in `why`, printable: ERR_IO (nobody is there, or it
 * went), ERR_TIMEOUT_FRAME, ERR_TLS_HANDSHAKE, ERR_CONFIG (files), the ERR_MSG_ ones, a refusal
 * of the connection by its own code; ERR_MEMORY. To be freed in any case.
 */
enum err signer_link_ask(const struct register_signer *signer, struct view frame,
    uint64_t deadline_ms, struct signer_answer *out, char why[SIGNER_LINK_WHY_SIZE]) MUST_USE;
void signer_answer_free(struct signer_answer *a);

#endif

/*
 * A key of a log, as an operator's command finds it: on its token, with certificate and guard. What
 * rotate and continue look at before they order anything, and have sign it.
 */
#ifndef HALLMARK_PKCS11_LOG_KEY_H
#define HALLMARK_PKCS11_LOG_KEY_H

#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/serve/guard_state.h"
#include "pkcs11/token/token.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/note.h"

struct log_key {
	const struct hsm_config *config;
	struct buf spki; /* SubjectPublicKeyInfo; BUF_INIT before */
	char id[DIGEST_HEX_SIZE + 1];
	struct note_verifier *beside; /* owned; of the Ed25519 key beside it, or NULL */
	bool has_guard;
	struct guard_state guard;
};

/*
 * As `serve` would: nobody gives a log to a key that it then refuses. One token at a time. What
 * opening token, certificate and guard gives; explained. To be freed also after an error.
 */
enum err log_key_look(struct log_key *s, const struct hsm_config *c, enum token_use use) MUST_USE;
void log_key_free(struct log_key *s);

/* Signs the text: the first signature makes the note, another is one more line of it. Explained. */
enum err log_key_sign(
    const struct log_key *s, struct view text, bool first, struct buf *note) MUST_USE;

#endif

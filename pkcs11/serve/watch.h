/*
 * The token watched: what others do to it while it is ours. Logins that failed, another serial
 * number or firmware, objects that were made or removed. Nothing is decided by it: each is said
 * once in the log, with its number, for an operator (doc/operations.md).
 *
 * What was seen last is kept in the guard's directory, so that it is said once over all restarts,
 * and what changed while nothing ran is seen too. Where it cannot be kept, that is said, and what
 * is seen is compared with what this process has seen. Who may write there may hide a change.
 *
 * Flags, serial number and firmware are looked at at the start, as the token told them before the
 * login, which takes the flags away; and all of it beside each keep-alive of the first session, so
 * only while that idles, and never with keepalive_s 0.
 */
#ifndef HALLMARK_PKCS11_SERVE_WATCH_H
#define HALLMARK_PKCS11_SERVE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/hsm_config.h"
#include "pkcs11/token/token.h"

struct watch {
	const struct hsm_config *config;
	struct token_sight last;
	uint64_t changes; /* that were said, ever */
	bool known;       /* `last` is of a look before */
	bool blind;       /* the token or the disk has failed: no more is tried */
};

/* At the start, by the thread that has opened the token. */
void watch_begin(struct watch *w, const struct hsm_config *config, const struct token *token);

/* By one thread, in the session of its signer. */
void watch_look(struct watch *w, struct token_signer *signer);

#endif

/*
 * The lookout: what nobody tells a key process that serves, so that it looks from time to time,
 * LOOKOUT_MS at least apart. Above all what operators do, who have no way in but files:
 *
 *   the guard is closed for good (hallmark-hsm retire)   it ends at once, whatever is signed then
 *   a transition is ordered (hallmark-hsm rotate)         it ends when nothing is unanswered
 *   the certificate's file is another one                 the signer is told
 *   more was seen of the token (watch.h)                  the signer is told
 *   after a refused PIN: its mark, or the configuration   it ends
 *
 * Where it ends, a fresh process finds out what follows (succession.h).
 */
#ifndef HALLMARK_PKCS11_SERVE_LOOKOUT_H
#define HALLMARK_PKCS11_SERVE_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/hsm_config.h"
#include "pkcs11/ground/file_identity.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/own_certificate.h"
#include "pkcs11/serve/watch.h"
#include "proto/err.h"

#define LOOKOUT_MS 500 /* soon for who has typed a command; seven calls to the system in all */

struct lookout {
	const struct guard *guard;
	struct own_certificate *certificate;
	struct watch *watch;
	char *order;               /* owned; NULL: no other key is named that could follow */
	uint64_t end_ms, other_ms; /* CLOCK_MONOTONIC: when each was looked for last */
};

/* All outlive it. `order` is the file of a transition, from malloc, taken over. */
void lookout_begin(struct lookout *l, const struct guard *guard,
    struct own_certificate *certificate, struct watch *watch, char *order);
void lookout_free(struct lookout *l);

/*
 * Whether this process is to end, of which the signer is to be told: ERR_CHANGED where operators
 * have acted, explained; else what guard_look gives. An order waits while the process is not idle.
 */
enum err lookout_see_end(struct lookout *l, bool idle) MUST_USE;

/* Whether there is another certificate, or more was seen of the token. */
bool lookout_sees_other(struct lookout *l);

/*
 * The PIN was refused: nothing is tried until an operator has acted, or the other side of `channel`
 * closes it or sends. True, explained, if an operator has. `path` is where the configuration was
 * read, from the file `read`.
 */
bool lookout_wait_for_operator(const struct hsm_config *config, const char *path,
    const struct file_identity *read, int channel);

#endif

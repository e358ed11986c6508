/*
 * The operator's side, once the key is made (init.h): its certificate, and showing what is there.
 * Each prints its result on stdout and explains failures on stderr; 0 or 1.
 */
#ifndef HALLMARK_PKCS11_CEREMONY_H
#define HALLMARK_PKCS11_CEREMONY_H

#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/serve/guard_state.h"
#include "pkcs11/token/token.h"
#include "pkcs11/transcript.h"

/*
 * Token, key, the attributes that prove it cannot leave, certificate (or that there is none yet),
 * guard. 1 if any of it cannot be read; the rest is shown. Behind it a transcript is written, where
 * `r` asks for one: then 1 also without that.
 */
int ceremony_show(const struct hsm_config *c, bool json, const struct transcript_request *r);

/* A certification request in PEM, to stdout or `path`. `subject`: "/CN=..." or NULL for the origin.
 */
int ceremony_csr(const struct hsm_config *c, const char *subject, const char *path);

/* A certificate by the key itself, written where the configuration says. */
int ceremony_self_sign(const struct hsm_config *c, const char *subject, int days);

/*
 * Takes over a certificate that a CA made for the request, and the chain behind it in the file, in
 * order. Also a renewed one, while the key process serves: it takes that without a restart.
 */
int ceremony_import_certificate(const struct hsm_config *c, const char *path);

/*
 * The verification keys as a JWK set: the one that signs tokens, the one that is to follow it as
 * soon as it has a certificate, and one that has given way until the last token is over that it may
 * have signed.
 */
int ceremony_jwks(const struct hsm_config *c);

/*
 * Makes the guard's state anew from a checkpoint that this key has signed, the newest there is:
 * after the state was lost or damaged, or the key moved with its token to another machine. What was
 * signed after that checkpoint is not protected against a fork any more.
 */
int ceremony_adopt(const struct hsm_config *c, const char *checkpoint);

/*
 * Tries a PIN that the token has refused once more, whatever is kept of that; if it is taken, the
 * key process that waits goes on.
 */
int ceremony_unlock(const struct hsm_config *c);

/*
 * Whether `serve` would run: token, key, attributes, certificate, guard, one test signature; every
 * fault is named. Also while it runs. `faulty`: the configuration has faults, which are told; what
 * else can be known without what is NULL in it is looked at.
 */
int ceremony_check(const struct hsm_config *c, bool faulty);

/*
 * How many faults the guard's state has, for the first key, which was found. Without the lock: an
 * operator may look while the key process serves.
 */
unsigned ceremony_check_guard(const struct hsm_config *c, const struct token *token);

#define CEREMONY_PHASE_SIZE 96 /* bytes with NUL of the longest, with a time */

/* Whether the key signs for the log, in words; returns `to`. */
const char *ceremony_phase(const struct guard_state *state, char to[CEREMONY_PHASE_SIZE]);

#endif

/*
 * `hallmark-hsm rotate`: an operator orders that the log goes from its key to the one that `next`
 * in the configuration names. Both keys sign the transition (proto/tlog/transition.h); nothing else
 * is done with a token. When the log goes over is the signer's to see to: at the end of its next
 * batch.
 *
 *   1. both keys are looked at as `check` does it, their guards, and the Ed25519 keys beside them:
 *      the next one may be the same or another, not none where there is one
 *   2. the old key signs, then the new one
 *   3. the new key's guard is made, waiting for this transition
 *   4. the transition appears beside the guards: from here on it is ordered
 *
 * Ended before 4, nothing is ordered, the old key goes on, and the same command begins anew.
 * Whatever follows 4 is in succession.h.
 */
#ifndef HALLMARK_PKCS11_ROTATE_H
#define HALLMARK_PKCS11_ROTATE_H

#include <stdbool.h>

#include "config/hsm_config.h"

/*
 * `dry`: 1 alone; what would be done is printed. 0 also if it is ordered already; 1, explained,
 * where it is not done.
 */
int rotate(const struct hsm_config *c, bool dry);

#endif

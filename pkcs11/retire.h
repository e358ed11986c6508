/*
 * `hallmark-hsm retire`: an operator closes the guard of a key that others may have, for good. The
 * statement `retire-key` says so to everybody else; here it names the key, so that no other is
 * closed by mistake, and is what the guard rests on. Its signature is not checked: whoever can run
 * this can write the guard's directory. The token is not needed, and may be gone.
 */
#ifndef HALLMARK_PKCS11_RETIRE_H
#define HALLMARK_PKCS11_RETIRE_H

#include "config/hsm_config.h"

/* 0 also if the key signs nothing any more already; 1, explained, where it is not done. */
int retire(const struct hsm_config *c, const char *statement);

#endif

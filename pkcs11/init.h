/*
 * The beginning of a log: its key, the Ed25519 key beside it, the guard's state. Explained on
 * stderr; 0 or 1.
 */
#ifndef HALLMARK_PKCS11_INIT_H
#define HALLMARK_PKCS11_INIT_H

#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/transcript.h"

struct init_options {
	bool existing;
	bool dry_run;
	struct transcript_request transcript;
};

/*
 * Makes the key pair on the token and the guard's state of an empty log; then, where the
 * configuration names one, the Ed25519 key beside it, and writes its verifier key. Of a log that
 * has its first key and its guard only the second one is made. One that is there with its verifier
 * key stays, beside a first key that is made now. Nothing is overwritten.
 *
 * `existing`: the guard's state of an empty log for a key that is on the token already, made by the
 * vendor's tool: one that cannot leave, and that has signed nothing. Whether it has is the
 * operator's to know; where there is a guard or a certificate of it, it is refused.
 *
 * `dry_run`: looks whether all that would go, says what would be made, and changes nothing: neither
 * on the token, where its session may not write, nor on the disk. A PIN that the token refuses is
 * kept as refused all the same (pin_refusal.h): it has cost a try.
 *
 * The transcript's file, where one is asked for, is made before anything else, and goes again where
 * all of it fails.
 */
int init_run(const struct hsm_config *c, const struct init_options *o);

#endif

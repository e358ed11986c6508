/*
 * `hallmark-hsm continue`: the log's key is lost, and operators have said that this one goes on, in
 * statements `continue-key` about the newest checkpoint that anybody has. Who may say so stands in
 * the configuration of this key (`continuation_operators`), which no signer can write.
 *
 *   1. this key is looked at as `check` does it; the checkpoint is verified by the certificate of
 *      the lost key, and by each witness that is named
 *   2. enough of the operators have said just this, now
 *   3. this key signs the succession (proto/tlog/transition.h)
 *   4. its guard is made, waiting for this succession at the checkpoint's tree
 *   5. the succession appears beside the guard, with the statements: from here on it is ordered
 *
 * Ended before 5, nothing is ordered, and the same command begins anew. Whatever follows 5 is in
 * succession.h. Without statements, or dry, it says what they have to be about, and changes
 * nothing.
 */
#ifndef HALLMARK_PKCS11_CONTINUE_H
#define HALLMARK_PKCS11_CONTINUE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/hsm_config.h"
#include "proto/tlog/transition.h"

#define CONTINUE_WITNESSES_MAX 16 /* more than a log has */

struct continue_request {
	const char *from;                            /* file of the lost key's certificate */
	const char *checkpoint;                      /* file of a note */
	const char *witness[CONTINUE_WITNESSES_MAX]; /* verifier key lines: each has cosigned it */
	size_t witness_count;
	const char *statement[TRANSITION_STATEMENTS_MAX]; /* files */
	size_t statement_count;
	bool dry;
};

/* The exit status: 0 good; 1 not done, and why. */
int continue_log(const struct hsm_config *c, const struct continue_request *r);

#endif

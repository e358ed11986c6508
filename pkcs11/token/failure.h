/*
 * What the errors of PKCS#11 (v3.0, 5.1) mean here: words for an operator, and what is done.
 *
 *   retry     the call may go well when it is made again: after a moment, a few times
 *   session   the session is lost, the token is not: another session, and the call again
 *   process   what this process holds (login, handles, the module) is not to be trusted any more:
 * it ends, and a fresh one begins anew operator  no try will go better before somebody has changed
 * something; said in words. It ends too: the signer starts a fresh one after ever longer waits,
 * which sees what was mended
 *
 * Whatever is not in the table is of the class process: nothing is known about it.
 */
#ifndef HALLMARK_PKCS11_TOKEN_FAILURE_H
#define HALLMARK_PKCS11_TOKEN_FAILURE_H

enum failure_class { FAILURE_RETRY, FAILURE_SESSION, FAILURE_PROCESS, FAILURE_OPERATOR };

enum failure_class failure_class(unsigned long rv);

/* Without a full stop; "see PKCS#11 for the number" for those that say nothing to an operator. */
const char *failure_text(unsigned long rv);

#endif

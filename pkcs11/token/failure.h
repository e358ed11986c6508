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
 * Each call has the class of its error, or, where nothing is gained by it, the class process.
 * Numbers that are not in the table, such as vendors' own, are of that class: nothing is known
 * about them.
 */
#ifndef HALLMARK_PKCS11_TOKEN_FAILURE_H
#define HALLMARK_PKCS11_TOKEN_FAILURE_H

#include <stdbool.h>

#include "proto/err.h"

enum failure_class { FAILURE_RETRY, FAILURE_SESSION, FAILURE_PROCESS, FAILURE_OPERATOR };

/* Calls by what can be done about them while they are made. */
enum failure_call {
	FAILURE_START, /* C_Initialize, C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_GetInfo */
	FAILURE_OPEN,  /* C_OpenSession: others may give a session back in a moment */
	FAILURE_LOGIN, /* C_Login: never twice with one PIN */
	FAILURE_READ,  /* C_FindObjects*, C_GetAttributeValue, C_GenerateKeyPair: as quick anew */
	FAILURE_SIGN,  /* C_SignInit, C_Sign: somebody waits for a receipt */
};

/* What is done about `rv`, which is not CKR_OK, of such a call. */
enum failure_class failure_reaction(enum failure_call call, unsigned long rv);

/* How it is answered where nothing was done about it here: ERR_TOKEN, ERR_TOKEN_UNFIT. */
enum err failure_error(enum failure_call call, unsigned long rv);

/*
 * Whether C_Login's `rv`, which is none of a PIN (CKR_PIN_...), says that it was not for the PIN
 * either: the token is away, or does nothing for this session. Nothing is known of a
 * CKR_GENERAL_ERROR, say, and of vendors' own numbers: some modules answer a wrong PIN with those.
 */
bool failure_spares_pin(unsigned long rv);

/* Its name and what it means, without a full stop. */
const char *failure_text(unsigned long rv);

/* How often a call is made again, and how long before the first time; then twice as long each. */
#define FAILURE_RETRIES  3
#define FAILURE_PAUSE_MS 20

/* Waits before the retry of this number, 0 for the first. */
void failure_pause(unsigned retry);

#endif

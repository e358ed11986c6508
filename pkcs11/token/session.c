/*
 * Sessions, and what is said of a call that the token refuses. Raw Cryptoki: libp11 gives out the
 * sessions of a pool of its own, and waits for ever where the token has none left.
 */
#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"

enum err
token_open_session(struct token *t, bool write, ck_session_handle_t *out)
{
	const ck_flags_t flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0);
	unsigned retry = 0;
	ck_rv_t rv;

	while ((rv = TOKEN_CALL(t, C_OpenSession, t->slot_id, flags, NULL, NULL, out)) != CKR_OK &&
	       failure_reaction(FAILURE_OPEN, rv) == FAILURE_RETRY && retry < FAILURE_RETRIES)
		failure_pause(retry++);
	return rv == CKR_OK
		   ? ERR_OK
		   : token_refuse_call(t, FAILURE_OPEN, "gives no session", "C_OpenSession", rv);
}

enum err
token_refuse_call(const struct token *t, enum failure_call call, const char *what,
    const char *function, ck_rv_t rv)
{
	complain("token '%s' %s: PKCS#11 error 0x%lx (%s), %s", t->info.name, what, rv, function,
	    failure_text(rv));
	return failure_error(call, rv);
}

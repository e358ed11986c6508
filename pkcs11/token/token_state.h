/*
 * A token's insides, shared by token.c, token_key.c, token_sign.c and token_deadline.c. Nobody else
 * includes this.
 */
#ifndef HALLMARK_PKCS11_TOKEN_TOKEN_STATE_H
#define HALLMARK_PKCS11_TOKEN_TOKEN_STATE_H

#include <libp11.h>

#include "pkcs11/token/module.h"
#include "pkcs11/token/token.h"

struct token {
	const struct hsm_config *config;
	enum token_use use;
	PKCS11_CTX *context;
	bool loaded;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	PKCS11_SLOT *slot;
	struct token_info info;
	struct ck_function_list *functions; /* of the module, which libp11 has initialised */
	unsigned long slot_id;
	/* Ours, for login and raw calls, next to libp11's: login ends with the last of all. */
	ck_session_handle_t session;
	const PKCS11_KEY *key; /* libp11's, one of `key_count` in a row from `keys` on */
	const PKCS11_KEY *keys;
	unsigned key_count;
	EVP_PKEY *private_key;
	EVP_PKEY *public_key;
	bool ecdsa;
};

/*
 * ERR_KEY_MISMATCH, explained, unless the private half makes what the public one verifies: the
 * token pairs them by CKA_ID alone.
 */
enum err token_check_halves(struct token *t) MUST_USE;

/* Signals for the deadline, before the first call. */
void token_deadline_prepare(void);

#endif

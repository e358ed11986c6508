/*
 * A token's insides, shared by token.c and token_key.c. Nobody else includes this.
 */
#ifndef HALLMARK_PKCS11_TOKEN_STATE_H
#define HALLMARK_PKCS11_TOKEN_STATE_H

#include <libp11.h>

#include "pkcs11/module.h"
#include "pkcs11/token.h"

struct token {
	const struct hsm_config *config;
	PKCS11_CTX *context;
	bool loaded;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	PKCS11_SLOT *slot;
	struct token_info info;
	struct ck_function_list *functions; /* of the module, which libp11 has initialised */
	unsigned long slot_id;
	/* Ours, next to libp11's one: open as long as the token, because login ends with the last.
	 */
	ck_session_handle_t session;
	const PKCS11_KEY *key; /* libp11's */
	EVP_PKEY *private_key;
	EVP_PKEY *public_key;
	bool ecdsa;
};

#endif

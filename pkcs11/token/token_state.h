/*
 * A token's insides, shared by the files token*.c. Nobody else includes this.
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

/* Objects of a class with the configured label: how many (up to `count_max`), and which. */
enum err token_find_labelled(struct token *t, ck_object_class_t class, ck_object_handle_t *out,
    unsigned long count_max, unsigned long *count) MUST_USE;
enum err token_find_objects(struct token *t, struct ck_attribute *template,
    unsigned long template_count, ck_object_handle_t *out, unsigned long count_max,
    unsigned long *count) MUST_USE;

/*
 * Of the key that was chosen, before libp11 is asked for it. ERR_NOT_FOUND, explained, if there is
 * no public half with its id; ERR_MISMATCH if that is no public key, of another type, or if there
 * are several that differ. Of which key it is shows in what it verifies: token_check_halves.
 */
enum err token_check_public_half(struct token *t) MUST_USE;

/* Signals for the deadline, before the first call. */
void token_deadline_prepare(void);

#endif

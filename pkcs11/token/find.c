/*
 * Finding objects on the token by what they have, in the session of the setup. Raw Cryptoki: libp11
 * reads some seven attributes of every key there is, and lists none beside one of a type that it
 * does not know.
 */
#include <string.h>

#include "pkcs11/token/token_state.h"

enum err
token_find_objects(struct token *t, struct ck_attribute *template, unsigned long template_count,
    ck_object_handle_t *out, unsigned long count_max, unsigned long *count)
{
	const char *called = "C_FindObjectsInit";
	ck_rv_t rv = TOKEN_CALL(t, C_FindObjectsInit, t->session, template, template_count);
	ck_rv_t end;

	*count = 0;
	if (rv == CKR_OK) {
		called = "C_FindObjects";
		rv = TOKEN_CALL(t, C_FindObjects, t->session, out, count_max, count);
		end = TOKEN_CALL(t, C_FindObjectsFinal, t->session);
		if (rv == CKR_OK && end != CKR_OK) {
			called = "C_FindObjectsFinal";
			rv = end;
		}
	}
	if (rv == CKR_OK && *count <= count_max)
		return ERR_OK;
	*count = 0;
	return token_refuse_call(t, FAILURE_READ, "cannot be searched", called, rv);
}

enum err
token_find_key_objects(struct token *t, const struct token_key *key, ck_object_class_t class,
    ck_object_handle_t *out, unsigned long count_max, unsigned long *count)
{
	struct ck_attribute template[1 + CHOICE_ATTRIBUTES_MAX] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, (void *)key->label, strlen(key->label)}};
	unsigned long named = key->choice != NULL ? choice_key(key->choice, template + 1) : 1;

	return token_find_objects(t, template, 1 + named, out, count_max, count);
}

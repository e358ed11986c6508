/*
 * What the token and its module say of themselves, for the record of a ceremony. Raw Cryptoki, as
 * libp11 asks for none of it.
 */
#include <stdlib.h>

#include "pkcs11/token/token_state.h"

static int number_order(const void *a, const void *b);

enum err
token_list_mechanisms(struct token *t, unsigned long out[TOKEN_MECHANISMS_MAX], size_t *count)
{
	unsigned long listed = TOKEN_MECHANISMS_MAX;
	ck_rv_t rv = TOKEN_CALL(t, C_GetMechanismList, t->slot_id, out, &listed);

	*count = 0;
	if (rv != CKR_OK || listed > TOKEN_MECHANISMS_MAX)
		return token_refuse_call(t, FAILURE_READ, "does not list its mechanisms",
		    "C_GetMechanismList", rv != CKR_OK ? rv : CKR_BUFFER_TOO_SMALL);
	qsort(out, listed, sizeof(out[0]), number_order);
	*count = listed;
	return ERR_OK;
}

enum err
token_read_module(struct token *t, struct token_module *out)
{
	struct ck_info info;
	ck_rv_t rv = TOKEN_CALL(t, C_GetInfo, &info);

	if (rv != CKR_OK)
		return token_refuse_call(
		    t, FAILURE_START, "has a module that does not tell of itself", "C_GetInfo", rv);
	token_take_text(out->manufacturer, info.manufacturer_id, sizeof(info.manufacturer_id));
	token_take_text(
	    out->description, info.library_description, sizeof(info.library_description));
	token_take_version(out->version, &info.library_version);
	token_take_version(out->cryptoki, &info.cryptoki_version);
	return ERR_OK;
}

static int
number_order(const void *a, const void *b)
{
	const unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

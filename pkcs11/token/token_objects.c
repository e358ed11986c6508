/*
 * Finding objects on the token by what they have, in the session for raw calls.
 */
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

enum err
token_find_labelled(struct token *t, ck_object_class_t class, ck_object_handle_t *out,
    unsigned long count_max, unsigned long *count)
{
	struct ck_attribute template[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, (void *)t->config->key_label, strlen(t->config->key_label)}};

	return token_find_objects(t, template, 2, out, count_max, count);
}

enum err
token_find_objects(struct token *t, struct ck_attribute *template, unsigned long template_count,
    ck_object_handle_t *out, unsigned long count_max, unsigned long *count)
{
	ck_rv_t rv = t->functions->C_FindObjectsInit(t->session, template, template_count);

	*count = 0;
	if (rv == CKR_OK) {
		rv = t->functions->C_FindObjects(t->session, out, count_max, count);
		t->functions->C_FindObjectsFinal(t->session);
	}
	if (rv == CKR_OK)
		return ERR_OK;
	complain("token '%s' cannot be searched: PKCS#11 error 0x%lx, %s", t->info.label, rv,
	    module_error_text(rv));
	return ERR_TOKEN;
}

/*
 * Whether the key can, or could, leave the token, as the token tells it. Raw Cryptoki: libp11 has
 * no call for these attributes.
 */
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

#define ATTRIBUTES 5

/* `vouch` 0: nobody but the token can tell. */
static const struct {
	ck_attribute_type_t type;
	const char *name;
	unsigned vouch;
} attributes[ATTRIBUTES] = {{CKA_SENSITIVE, "CKA_SENSITIVE", 0},
    {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", HSM_ALWAYS_SENSITIVE},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", 0},
    {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", HSM_NEVER_EXTRACTABLE},
    {CKA_LOCAL, "CKA_LOCAL", HSM_LOCAL}};

static enum err refuse_untold(const struct token_key *k, struct view names, bool may_vouch);

bool
token_key_is_safe(const struct token_key_attributes *a)
{
	return a->sensitive && a->always_sensitive && !a->extractable && a->never_extractable &&
	       a->local;
}

/* An answer that lacks some has the others all the same; what it lacks has no size. */
enum err
token_key_attributes(struct token *t, enum token_which which, struct token_key_attributes *out)
{
	const struct token_key *k = &t->key[which];
	unsigned char value[ATTRIBUTES] = {0};
	struct ck_attribute wanted[ATTRIBUTES];
	struct buf names = BUF_INIT;
	bool may_vouch = true;
	enum err e = ERR_OK;

	memset(out, 0, sizeof(*out));
	out->extractable = true; /* until the token says that it is not */
	for (unsigned i = 0; i < ATTRIBUTES; i++)
		wanted[i] = (struct ck_attribute){attributes[i].type, &value[i], 1};
	(void)TOKEN_CALL(t, C_GetAttributeValue, t->session, k->private, wanted, ATTRIBUTES);
	for (unsigned i = 0; i < ATTRIBUTES; i++) {
		if (wanted[i].value_len == 1)
			continue;
		if ((attributes[i].vouch & t->config->vouched) != 0) {
			value[i] = 1;
			out->vouched |= attributes[i].vouch;
			continue;
		}
		may_vouch = may_vouch && attributes[i].vouch != 0;
		buf_append_format(&names, " %s", attributes[i].name);
	}
	if (names.size > 0)
		e = refuse_untold(k, buf_view(&names), may_vouch);
	buf_free(&names);
	if (e != ERR_OK)
		return e;
	out->sensitive = value[0] != 0;
	out->always_sensitive = value[1] != 0;
	out->extractable = value[2] != 0;
	out->never_extractable = value[3] != 0;
	out->local = value[4] != 0;
	return ERR_OK;
}

static enum err
refuse_untold(const struct token_key *k, struct view names, bool may_vouch)
{
	complain("key '%s': the token does not tell%.*s; %s", k->label, view_precision(names),
	    (const char *)names.data,
	    may_vouch
		? "where its vendor or the record of its making says that they hold, name them "
		  "under `vouched` in the configuration"
		: "whether the key can leave it is not known, and nobody but the token can say "
		  "so: take another token");
	return ERR_TOKEN_UNFIT;
}

enum err
token_refuse_exportable(struct token *t, enum token_which which)
{
	struct token_key_attributes a;
	enum err e = token_key_attributes(t, which, &a);

	if (e != ERR_OK || token_key_is_safe(&a))
		return e;
	complain("key '%s' is refused, it can, or could, leave the token: sensitive %d, always "
		 "sensitive %d, extractable %d, never extractable %d, made on the token %d; "
		 "expected 1 1 0 1 1; make another, with another label: hallmark-hsm init",
	    t->key[which].label, a.sensitive, a.always_sensitive, a.extractable,
	    a.never_extractable, a.local);
	return ERR_KEY_EXPORTABLE;
}

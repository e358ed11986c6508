/*
 * The certificate on the token, by libp11, which knows how X.509 goes into attributes. It has its
 * own view of the module: a list of functions, a session. Of the module's own calls are only those
 * that libp11 has not: to find the certificates of earlier ceremonies by their label and to remove
 * them.
 */
#include <libp11.h>
#include <stdlib.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

#define CERTIFICATES_MAX 16 /* with one label; more were not made by us */

/* Lives as long as the token: to give it up finalises the module. */
struct token_shelf {
	const struct token *token;
	PKCS11_CTX *context;
	bool loaded;
	PKCS11_SLOT *slots;
	unsigned slot_count;
};

static bool shelf_open(struct token *t);
static void remove_certificates(struct token *t);
static PKCS11_SLOT *find_slot(const struct token *t);

enum err
token_store_certificate(struct token *t, X509 *certificate)
{
	const struct token_key *k = &t->key[TOKEN_FIRST];
	PKCS11_SLOT *slot = NULL;
	ck_session_handle_t probe;
	const struct ck_attribute *named = choice_attribute(t->choice, CKA_LABEL);
	struct buf label = BUF_INIT; /* with a NUL behind it, which an attribute has not */
	bool stored = false;
	enum err e;

	/* libp11 waits for ever where the token has no session left for it. */
	if ((e = token_open_session(t, true, &probe)) != ERR_OK)
		return e;
	(void)TOKEN_CALL(t, C_CloseSession, probe);
	remove_certificates(t);
	if (named != NULL) {
		buf_append(&label, named->value, named->value_len);
		buf_append_byte(&label, '\0');
	}
	token_call_begin(t);
	if (buf_status(&label) == ERR_OK && shelf_open(t) && (slot = find_slot(t)) != NULL)
		stored = PKCS11_store_certificate(slot->token, certificate, (char *)label.data,
			     (unsigned char *)k->id, k->id_size, NULL) == 0;
	token_call_end();
	buf_free(&label);
	if (stored)
		return ERR_OK;
	complain_crypto(
	    "token '%s': cannot store the certificate; the file is what counts", t->info.name);
	return ERR_TOKEN;
}

void
token_shelf_free(struct token_shelf **sp)
{
	struct token_shelf *s = *sp;

	if (s == NULL)
		return;
	token_call_begin(s->token);
	if (s->slots != NULL)
		PKCS11_release_all_slots(s->context, s->slots, s->slot_count);
	if (s->loaded)
		PKCS11_CTX_unload(s->context);
	if (s->context != NULL)
		PKCS11_CTX_free(s->context);
	token_call_end();
	free(s);
	*sp = NULL;
}

static bool
shelf_open(struct token *t)
{
	struct token_shelf *s = t->shelf;

	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return false;
		s->token = t;
		t->shelf = s;
		s->context = PKCS11_CTX_new();
		s->loaded =
		    s->context != NULL && PKCS11_CTX_load(s->context, t->config->module) == 0;
		if (s->loaded && PKCS11_enumerate_slots(s->context, &s->slots, &s->slot_count) != 0)
			s->slots = NULL;
	}
	return s->slots != NULL;
}

static PKCS11_SLOT *
find_slot(const struct token *t)
{
	const struct token_shelf *s = t->shelf;

	for (unsigned i = 0; i < s->slot_count; i++)
		if (s->slots[i].token != NULL &&
		    PKCS11_get_slotid_from_slot(&s->slots[i]) == t->slot_id)
			return &s->slots[i];
	return NULL;
}

/* One that stays is untidy, not wrong. */
static void
remove_certificates(struct token *t)
{
	ck_object_handle_t object[CERTIFICATES_MAX];
	unsigned long count;

	if (token_find_key_objects(t, &t->key[TOKEN_FIRST], CKO_CERTIFICATE, object,
		CERTIFICATES_MAX, &count) != ERR_OK)
		return;
	for (unsigned long i = 0; i < count; i++)
		(void)TOKEN_CALL(t, C_DestroyObject, t->session, object[i]);
}

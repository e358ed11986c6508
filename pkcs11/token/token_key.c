/*
 * Finding the key pair, and reading what proves that it cannot leave. Raw Cryptoki: found by
 * template, because libp11 reads all keys of the token and none beside one of a type that it does
 * not know; and it has no call for these attributes.
 */
#include <openssl/core_names.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

#define RSA_BITS    3072
#define COUNTED_MAX 1000 /* private keys; more are told as so many */

static enum err choose_key(struct token *t);
static enum err refuse_absent(struct token *t);
static enum err read_key(struct token *t);
static enum err check_algorithm(const struct token *t);
static enum err check_operator_key(const struct token *t);

enum err
token_find_key(struct token *t)
{
	enum err e;

	if ((e = choose_key(t)) == ERR_OK && (e = read_key(t)) == ERR_OK &&
	    (e = token_read_public_half(t, &t->public_key)) == ERR_OK) {
		t->ecdsa = EVP_PKEY_is_a(t->public_key, "EC") == 1;
		e = check_algorithm(t);
	}
	/* In service it is the certificate that tells; the ceremony may have none yet. */
	return e == ERR_OK && t->use == TOKEN_CEREMONY ? token_check_halves(t) : e;
}

enum err
token_is_key_of(struct token *t, const struct hsm_config *other, bool *out)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute template[2 + CHOICE_ATTRIBUTES_MAX] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_ID, t->key.id, t->key.id_size}};
	ck_object_handle_t object;
	struct choice *choice;
	unsigned long count = 0;
	enum err e = choice_new(other, &choice);

	if (e == ERR_OK)
		e = token_find_objects(
		    t, template, 2 + choice_key(choice, template + 2), &object, 1, &count);
	choice_free(&choice);
	*out = e == ERR_OK && count > 0;
	return e;
}

enum err
token_key_attributes(struct token *t, struct token_key_attributes *out)
{
	unsigned char value[5] = {0};
	struct ck_attribute wanted[] = {{CKA_SENSITIVE, &value[0], 1},
	    {CKA_ALWAYS_SENSITIVE, &value[1], 1}, {CKA_EXTRACTABLE, &value[2], 1},
	    {CKA_NEVER_EXTRACTABLE, &value[3], 1}, {CKA_LOCAL, &value[4], 1}};
	bool told =
	    TOKEN_CALL(t, C_GetAttributeValue, t->session, t->key.private, wanted, 5) == CKR_OK;

	memset(out, 0, sizeof(*out));
	out->extractable = true; /* until the token says that it is not */
	for (unsigned i = 0; i < 5; i++)
		told = told && wanted[i].value_len == 1;
	if (!told) {
		complain("key '%s': the token does not tell its attributes", t->config->key_label);
		return ERR_TOKEN;
	}
	out->sensitive = value[0] != 0;
	out->always_sensitive = value[1] != 0;
	out->extractable = value[2] != 0;
	out->never_extractable = value[3] != 0;
	out->local = value[4] != 0;
	return ERR_OK;
}

enum err
token_refuse_exportable(struct token *t)
{
	struct token_key_attributes a;
	enum err e = token_key_attributes(t, &a);

	if (e != ERR_OK || token_key_is_safe(&a))
		return e;
	complain("key '%s' is refused, it can, or could, leave the token: sensitive %d, always "
		 "sensitive %d, extractable %d, never extractable %d, made on the token %d; "
		 "expected 1 1 0 1 1; make another, with another label: hallmark-hsm init",
	    t->config->key_label, a.sensitive, a.always_sensitive, a.extractable,
	    a.never_extractable, a.local);
	return ERR_KEY_EXPORTABLE;
}

static enum err
choose_key(struct token *t)
{
	ck_object_handle_t object[2];
	unsigned long count;
	enum err e = token_find_key_objects(t, CKO_PRIVATE_KEY, object, 2, &count);

	if (e != ERR_OK)
		return e;
	if (count == 0)
		return refuse_absent(t);
	if (count > 1) {
		complain("token '%s' has several private keys '%s'; remove or rename all but one",
		    t->info.name, t->config->key_label);
		return ERR_MISMATCH;
	}
	t->key.private = object[0];
	return ERR_OK;
}

/* A public half alone is what stays of a key that was deleted, or was not restored with it. */
static enum err
refuse_absent(struct token *t)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute private = {CKA_CLASS, &class, sizeof(class)};
	ck_object_handle_t object, counted[COUNTED_MAX];
	unsigned long halves, count;
	enum err e = token_find_key_objects(t, CKO_PUBLIC_KEY, &object, 1, &halves);

	if (e != ERR_OK ||
	    (e = token_find_objects(t, &private, 1, counted, COUNTED_MAX, &count)) != ERR_OK)
		return e;
	if (halves > 0)
		complain("token '%s' has the public half of key '%s', and no private one: it was "
			 "deleted, or not restored; a log has one key for life",
		    t->info.name, t->config->key_label);
	else
		complain("token '%s' has no private key '%s' among its %lu; make one with: %s",
		    t->info.name, t->config->key_label, count,
		    t->use == TOKEN_STATEMENT ? "the vendor's tool" : "hallmark-hsm init");
	return ERR_NOT_FOUND;
}

/* What a token does not tell of it has no size then; that it has no id is told where it is missed.
 */
static enum err
read_key(struct token *t)
{
	struct token_key *k = &t->key;
	struct ck_attribute wanted[] = {
	    {CKA_KEY_TYPE, &k->type, sizeof(k->type)}, {CKA_ID, k->id, sizeof(k->id)}};

	(void)TOKEN_CALL(t, C_GetAttributeValue, t->session, k->private, wanted, 2);
	if (wanted[0].value_len != sizeof(k->type)) {
		complain("key '%s': the token does not tell the type of its private half",
		    t->config->key_label);
		return ERR_TOKEN;
	}
	k->id_size = wanted[1].value_len <= sizeof(k->id) ? wanted[1].value_len : 0;
	return ERR_OK;
}

static enum err
check_algorithm(const struct token *t)
{
	const char *expected = t->config->algorithm == HSM_P256 ? "p256" : "rsa-3072";
	char curve[64] = "an unnamed curve";

	if (t->use == TOKEN_STATEMENT)
		return check_operator_key(t);
	if (!t->ecdsa) {
		if (t->config->algorithm == HSM_RSA_3072 &&
		    EVP_PKEY_get_bits(t->public_key) == RSA_BITS)
			return ERR_OK;
		complain("key '%s' is an RSA key of %d bits; the configuration's algorithm is %s: "
			 "correct it, or make another key with another label",
		    t->config->key_label, EVP_PKEY_get_bits(t->public_key), expected);
		return ERR_MISMATCH;
	}
	EVP_PKEY_get_utf8_string_param(
	    t->public_key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL);
	if (t->config->algorithm == HSM_P256 && strcmp(curve, "prime256v1") == 0)
		return ERR_OK;
	complain("key '%s' is an EC key on %s; the configuration's algorithm is %s: correct it, "
		 "or make another key with another label",
	    t->config->key_label, curve, expected);
	return ERR_MISMATCH;
}

/* RSA of any size: statements have their own bounds, and say so. */
static enum err
check_operator_key(const struct token *t)
{
	char curve[64] = "";

	if (!t->ecdsa)
		return ERR_OK;
	EVP_PKEY_get_utf8_string_param(
	    t->public_key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL);
	if (strcmp(curve, "prime256v1") == 0)
		return ERR_OK;
	complain("key '%s' is an EC key on another curve: an operator's key on a token is P-256 or "
		 "RSA",
	    t->config->key_label);
	return ERR_MISMATCH;
}

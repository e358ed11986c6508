/*
 * Making the key pair, finding it, and reading what proves that it cannot leave. Raw Cryptoki for
 * what libp11 has no call for: these attributes, and keys of types that it does not know.
 */
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

#define KEY_ID_SIZE 8 /* bytes of CKA_ID, random: pairs the two halves and the certificate */

/* DER of the OID 1.2.840.10045.3.1.7: P-256. */
static unsigned char p256_parameters[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static unsigned char rsa_exponent[] = {0x01, 0x00, 0x01};

#define RSA_BITS 3072

#define CERTIFICATES_MAX 16 /* with one label; more were not made by us */
#define UNLISTED_MAX     64 /* private keys of which one may hide the others */
#define LABEL_SHOWN      64 /* bytes */

static enum err list_keys(struct token *t, PKCS11_KEY **keys, unsigned *count);
static enum err refuse_unlistable(struct token *t);
static enum err choose_key(struct token *t, const PKCS11_KEY *keys, unsigned count);
static enum err refuse_absent(struct token *t, unsigned count);
static enum err use_key(struct token *t);
static enum err check_algorithm(const struct token *t);
static enum err check_operator_key(const struct token *t);
static ck_rv_t generate(struct token *t);
static void remove_certificates(struct token *t);

enum err
token_generate(struct token *t)
{
	ck_object_handle_t object;
	PKCS11_KEY *keys;
	unsigned listed;
	unsigned long count;
	ck_rv_t rv;
	enum err e;

	token_call_begin(t);
	/* A key that could not be found afterwards is better not made. */
	if ((e = list_keys(t, &keys, &listed)) == ERR_OK)
		e = token_find_labelled(t, CKO_PRIVATE_KEY, &object, 1, &count);
	if (e == ERR_OK && count > 0) {
		complain("token '%s' has a private key '%s' already; it is never overwritten: "
			 "choose another label, or remove it with the vendor's tool",
		    t->info.label, t->config->key_label);
		e = ERR_MISMATCH;
	}
	token_call_end(); /* without a deadline: some tokens take a minute for an RSA key */
	if (e == ERR_OK && (rv = generate(t)) != CKR_OK) {
		complain("token '%s' does not make the key pair: PKCS#11 error 0x%lx, %s",
		    t->info.label, rv, module_error_text(rv));
		e = ERR_TOKEN;
	}
	return e;
}

enum err
token_find_key(struct token *t)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;
	enum err e;

	token_call_begin(t);
	if ((e = list_keys(t, &keys, &count)) == ERR_OK &&
	    (e = choose_key(t, keys, count)) == ERR_OK &&
	    (e = token_check_public_half(t)) == ERR_OK)
		e = use_key(t);
	token_call_end();
	t->keys = keys;
	t->key_count = count;
	/* In service it is the certificate that tells; the ceremony may have none yet. */
	return e == ERR_OK && t->use == TOKEN_CEREMONY ? token_check_halves(t) : e;
}

bool
token_has_twin(const struct token *t, const char *label)
{
	for (unsigned i = 0; i < t->key_count; i++) {
		const PKCS11_KEY *key = &t->keys[i];

		if (key->label != NULL && strcmp(key->label, label) == 0 &&
		    view_equal((struct view){key->id, key->id_len},
			(struct view){t->key->id, t->key->id_len}))
			return true;
	}
	return false;
}

enum err
token_key_attributes(struct token *t, struct token_key_attributes *out)
{
	unsigned char value[5] = {0};
	struct ck_attribute wanted[] = {{CKA_SENSITIVE, &value[0], 1},
	    {CKA_ALWAYS_SENSITIVE, &value[1], 1}, {CKA_EXTRACTABLE, &value[2], 1},
	    {CKA_NEVER_EXTRACTABLE, &value[3], 1}, {CKA_LOCAL, &value[4], 1}};
	ck_object_handle_t object[2];
	unsigned long count;
	enum err e;

	memset(out, 0, sizeof(*out));
	out->extractable = true; /* until the token says that it is not */
	token_call_begin(t);
	e = token_find_labelled(t, CKO_PRIVATE_KEY, object, 2, &count);
	if (e == ERR_OK && (count != 1 || t->functions->C_GetAttributeValue(
					      t->session, object[0], wanted, 5) != CKR_OK))
		e = ERR_TOKEN;
	token_call_end();
	for (unsigned i = 0; i < 5 && e == ERR_OK; i++)
		if (wanted[i].value_len != 1)
			e = ERR_TOKEN;
	if (e != ERR_OK) {
		complain("key '%s': the token does not tell its attributes", t->config->key_label);
		return e;
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

enum err
token_store_certificate(struct token *t, X509 *certificate)
{
	enum err e = ERR_OK;

	token_call_begin(t);
	remove_certificates(t);
	if (PKCS11_store_certificate(t->slot->token, certificate, t->key->label, t->key->id,
		t->key->id_len, NULL) != 0) {
		complain_crypto("token '%s': cannot store the certificate; the file is what counts",
		    t->info.label);
		e = ERR_TOKEN;
	}
	token_call_end();
	return e;
}

/* libp11 gives none of a token's keys, with or without an error, if it holds an Ed25519 key. */
static enum err
list_keys(struct token *t, PKCS11_KEY **keys, unsigned *count)
{
	bool listed = PKCS11_enumerate_keys(t->slot->token, keys, count) == 0;
	enum err e;

	if (listed && *count > 0)
		return ERR_OK;
	if ((e = refuse_unlistable(t)) != ERR_OK || listed)
		return e;
	complain_crypto("token '%s': cannot list its keys", t->info.label);
	return ERR_TOKEN;
}

static enum err
refuse_unlistable(struct token *t)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute private = {CKA_CLASS, &class, sizeof(class)};
	ck_object_handle_t object[UNLISTED_MAX];
	unsigned long count;
	enum err e = token_find_objects(t, &private, 1, object, UNLISTED_MAX, &count);

	for (unsigned long i = 0; i < count && e == ERR_OK; i++) {
		unsigned long type = CKK_RSA;
		char label[LABEL_SHOWN + 1] = "";
		struct ck_attribute wanted[] = {
		    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_LABEL, label, LABEL_SHOWN}};

		(void)t->functions->C_GetAttributeValue(t->session, object[i], wanted, 2);
		if (type == CKK_RSA || type == CKK_EC)
			continue;
		complain("token '%s' has a private key '%s' of type 0x%lx%s, beside which libp11 "
			 "lists no key at all; move it, or the log's key, to a token of its own",
		    t->info.label, label, type, type == CKK_EC_EDWARDS ? " (Ed25519)" : "");
		e = ERR_UNSUPPORTED;
	}
	return e;
}

static enum err
choose_key(struct token *t, const PKCS11_KEY *keys, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (keys[i].label == NULL || strcmp(keys[i].label, t->config->key_label) != 0)
			continue;
		if (t->key != NULL) {
			complain("token '%s' has several private keys '%s'; remove or rename all "
				 "but one",
			    t->info.label, t->config->key_label);
			return ERR_MISMATCH;
		}
		t->key = &keys[i];
	}
	return t->key != NULL ? ERR_OK : refuse_absent(t, count);
}

/* A public half alone is what stays of a key that was deleted, or was not restored with it. */
static enum err
refuse_absent(struct token *t, unsigned count)
{
	ck_object_handle_t object;
	unsigned long halves;
	enum err e = token_find_labelled(t, CKO_PUBLIC_KEY, &object, 1, &halves);

	if (e != ERR_OK)
		return e;
	if (halves > 0)
		complain("token '%s' has the public half of key '%s', and no private one: it was "
			 "deleted, or not restored; a log has one key for life",
		    t->info.label, t->config->key_label);
	else
		complain("token '%s' has no private key '%s' among its %u; make one with: %s",
		    t->info.label, t->config->key_label, count,
		    t->use == TOKEN_STATEMENT ? "the vendor's tool" : "hallmark-hsm init");
	return ERR_NOT_FOUND;
}

static enum err
use_key(struct token *t)
{
	PKCS11_KEY *key = (PKCS11_KEY *)t->key;

	if ((t->private_key = PKCS11_get_private_key(key)) == NULL ||
	    (t->public_key = PKCS11_get_public_key(key)) == NULL) {
		complain_crypto("key '%s': libp11 cannot use it", key->label);
		return ERR_TOKEN;
	}
	t->ecdsa = EVP_PKEY_is_a(t->public_key, "EC") == 1;
	return check_algorithm(t);
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
		    t->key->label, EVP_PKEY_get_bits(t->public_key), expected);
		return ERR_MISMATCH;
	}
	EVP_PKEY_get_utf8_string_param(
	    t->public_key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), NULL);
	if (t->config->algorithm == HSM_P256 && strcmp(curve, "prime256v1") == 0)
		return ERR_OK;
	complain("key '%s' is an EC key on %s; the configuration's algorithm is %s: correct it, "
		 "or make another key with another label",
	    t->key->label, curve, expected);
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
	    t->key->label);
	return ERR_MISMATCH;
}

/* The certificates of earlier ceremonies; one that stays is untidy, not wrong. */
static void
remove_certificates(struct token *t)
{
	ck_object_handle_t object[CERTIFICATES_MAX];
	unsigned long count;

	if (token_find_labelled(t, CKO_CERTIFICATE, object, CERTIFICATES_MAX, &count) != ERR_OK)
		return;
	for (unsigned long i = 0; i < count; i++)
		(void)t->functions->C_DestroyObject(t->session, object[i]);
}

/* It signs and does nothing else: modules would allow more by default. */
static ck_rv_t
generate(struct token *t)
{
	unsigned char yes = 1, no = 0, id[KEY_ID_SIZE];
	unsigned long bits = RSA_BITS;
	bool ecdsa = t->config->algorithm == HSM_P256;
	void *label = (void *)t->config->key_label;
	size_t label_size = strlen(t->config->key_label);
	struct ck_mechanism mechanism = {
	    ecdsa ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	struct ck_attribute public[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
	    {CKA_ENCRYPT, &no, 1}, {CKA_WRAP, &no, 1}, {CKA_LABEL, label, label_size},
	    {CKA_ID, id, sizeof(id)}, {CKA_EC_PARAMS, p256_parameters, sizeof(p256_parameters)},
	    {0}};
	struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
	    {CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1},
	    {CKA_DECRYPT, &no, 1}, {CKA_UNWRAP, &no, 1}, {CKA_LABEL, label, label_size},
	    {CKA_ID, id, sizeof(id)}};
	ck_object_handle_t public_key, private_key;
	unsigned long public_count = 7;

	if (!ecdsa) {
		public[6] = (struct ck_attribute){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public[7] =
		    (struct ck_attribute){CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof(rsa_exponent)};
		public_count = 8;
	}
	if (RAND_bytes(id, sizeof(id)) != 1)
		return CKR_GENERAL_ERROR;
	return t->functions->C_GenerateKeyPair(t->session, &mechanism, public, public_count,
	    private, sizeof(private) / sizeof(private[0]), &public_key, &private_key);
}

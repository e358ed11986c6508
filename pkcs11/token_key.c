/*
 * Making the key pair, and reading what proves that it cannot leave: raw Cryptoki, because libp11
 * has no call for these attributes.
 */
#include <openssl/rand.h>
#include <string.h>

#include "pkcs11/complain.h"
#include "pkcs11/token_state.h"

#define KEY_ID_SIZE 8 /* bytes of CKA_ID, random: pairs the two halves and the certificate */

/* DER of the OID 1.2.840.10045.3.1.7: P-256. */
static unsigned char p256_parameters[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static unsigned char rsa_exponent[] = {0x01, 0x00, 0x01};

#define CERTIFICATES_MAX 16 /* with one label; more were not made by us */

static enum err find_objects(struct token *t, ck_object_class_t class, ck_object_handle_t *out,
    unsigned long count_max, unsigned long *count);
static ck_rv_t generate(struct token *t);
static void remove_certificates(struct token *t);

enum err
token_generate(struct token *t)
{
	ck_object_handle_t object;
	unsigned long count;
	ck_rv_t rv;
	enum err e;

	token_call_begin(t);
	e = find_objects(t, CKO_PRIVATE_KEY, &object, 1, &count);
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
	e = find_objects(t, CKO_PRIVATE_KEY, object, 2, &count);
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

/* Objects of a class with the configured label: how many (up to `count_max`), and which. */
static enum err
find_objects(struct token *t, ck_object_class_t class, ck_object_handle_t *out,
    unsigned long count_max, unsigned long *count)
{
	struct ck_attribute template[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, (void *)t->config->key_label, strlen(t->config->key_label)}};
	ck_rv_t rv = t->functions->C_FindObjectsInit(t->session, template, 2);

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

/* The certificates of earlier ceremonies; one that stays is untidy, not wrong. */
static void
remove_certificates(struct token *t)
{
	ck_object_handle_t object[CERTIFICATES_MAX];
	unsigned long count;

	if (find_objects(t, CKO_CERTIFICATE, object, CERTIFICATES_MAX, &count) != ERR_OK)
		return;
	for (unsigned long i = 0; i < count; i++)
		(void)t->functions->C_DestroyObject(t->session, object[i]);
}

/* It signs and does nothing else: modules would allow more by default. */
static ck_rv_t
generate(struct token *t)
{
	unsigned char yes = 1, no = 0, id[KEY_ID_SIZE];
	unsigned long bits = 3072;
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

/*
 * Making the key pair. Raw Cryptoki: libp11 makes a key without the attributes that keep it on the
 * token.
 */
#include <openssl/rand.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"

#define KEY_ID_SIZE 8 /* bytes of CKA_ID, random: pairs the two halves and the certificate */
#define RSA_BITS    3072

/* DER of the OID 1.2.840.10045.3.1.7: P-256. */
static unsigned char p256_parameters[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static unsigned char rsa_exponent[] = {0x01, 0x00, 0x01};

static ck_rv_t generate(struct token *t);

enum err
token_generate(struct token *t)
{
	ck_object_handle_t object;
	unsigned long count;
	ck_rv_t rv;
	enum err e;

	if (choice_attribute(t->choice, CKA_LABEL) == NULL) {
		complain("a key is made with a label: add object= to %s", t->config->key_label);
		return ERR_CONFIG;
	}
	e = token_find_key_objects(t, CKO_PRIVATE_KEY, &object, 1, &count);
	if (e == ERR_OK && count > 0) {
		complain("token '%s' has a private key '%s' already; it is never overwritten: "
			 "choose another label, or remove it with the vendor's tool",
		    t->info.name, t->config->key_label);
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK && (rv = generate(t)) != CKR_OK)
		e = token_refuse_call(t, "does not make the key pair", "C_GenerateKeyPair", rv);
	return e;
}

/* It signs and does nothing else: modules would allow more by default. */
static ck_rv_t
generate(struct token *t)
{
	const struct ck_attribute *label = choice_attribute(t->choice, CKA_LABEL);
	const struct ck_attribute *id = choice_attribute(t->choice, CKA_ID);
	unsigned char yes = 1, no = 0, drawn[KEY_ID_SIZE];
	const struct ck_attribute drawn_id = {CKA_ID, drawn, sizeof(drawn)};
	unsigned long bits = RSA_BITS;
	bool ecdsa = t->config->algorithm == HSM_P256;
	struct ck_mechanism mechanism = {
	    ecdsa ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	struct ck_attribute public[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
	    {CKA_ENCRYPT, &no, 1}, {CKA_WRAP, &no, 1}, *label, id != NULL ? *id : drawn_id,
	    {CKA_EC_PARAMS, p256_parameters, sizeof(p256_parameters)}, {0}};
	struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
	    {CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1},
	    {CKA_DECRYPT, &no, 1}, {CKA_UNWRAP, &no, 1}, *label, id != NULL ? *id : drawn_id};
	ck_object_handle_t public_key, private_key;
	unsigned long public_count = 7;

	if (!ecdsa) {
		public[6] = (struct ck_attribute){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public[7] =
		    (struct ck_attribute){CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof(rsa_exponent)};
		public_count = 8;
	}
	if (RAND_bytes(drawn, sizeof(drawn)) != 1)
		return CKR_GENERAL_ERROR;
	/* Without a deadline: some tokens take a minute for an RSA key. */
	return t->functions->C_GenerateKeyPair(t->session, &mechanism, public, public_count,
	    private, sizeof(private) / sizeof(private[0]), &public_key, &private_key);
}

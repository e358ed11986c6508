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

static unsigned char rsa_exponent[] = {0x01, 0x00, 0x01};

static ck_rv_t generate(struct token *t, const struct token_key *k);

enum err
token_generate(struct token *t, enum token_which which)
{
	const struct token_key *k = &t->key[which];
	bool there;
	ck_rv_t rv;
	enum err e;

	if (k->choice != NULL && choice_attribute(k->choice, CKA_LABEL) == NULL) {
		complain("a key is made with a label: add object= to %s", k->label);
		return ERR_CONFIG;
	}
	e = token_has_key(t, which, &there);
	if (e == ERR_OK && there) {
		complain("token '%s' has a private key '%s' already; it is never overwritten: "
			 "choose another label, or remove it with the vendor's tool",
		    t->info.name, k->label);
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK && (rv = generate(t, k)) != CKR_OK)
		e = token_refuse_call(
		    t, FAILURE_READ, "does not make the key pair", "C_GenerateKeyPair", rv);
	return e;
}

/* It signs and does nothing else: modules would allow more by default. */
static ck_rv_t
generate(struct token *t, const struct token_key *k)
{
	const struct algorithm *a = k->algorithm;
	unsigned char yes = 1, no = 0, drawn[KEY_ID_SIZE];
	const struct ck_attribute own_label = {CKA_LABEL, (void *)k->label, strlen(k->label)};
	const struct ck_attribute own_id = {CKA_ID, drawn, sizeof(drawn)};
	const struct ck_attribute *label =
	    k->choice != NULL ? choice_attribute(k->choice, CKA_LABEL) : &own_label;
	const struct ck_attribute *id =
	    k->choice != NULL ? choice_attribute(k->choice, CKA_ID) : NULL;
	unsigned long bits = (unsigned long)a->bits;
	struct ck_mechanism mechanism = {a->generate, NULL, 0};
	struct ck_attribute public[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
	    {CKA_ENCRYPT, &no, 1}, {CKA_WRAP, &no, 1}, *label, id != NULL ? *id : own_id,
	    {CKA_EC_PARAMS, (void *)a->parameters.data, a->parameters.size}, {0}};
	struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
	    {CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1},
	    {CKA_DECRYPT, &no, 1}, {CKA_UNWRAP, &no, 1}, *label, id != NULL ? *id : own_id};
	ck_object_handle_t public_key, private_key;
	unsigned long public_count = 7;

	if (a->key_type == CKK_RSA) {
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

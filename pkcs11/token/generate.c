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

/*
 * How much is said of what the key may not do: all; nothing of other uses than signing; nor that it
 * is private, which a private key is by itself. What keeps it on the token is always said.
 */
enum extent { EXTENT_ALL, EXTENT_NO_USES, EXTENT_LEAST };

static enum err check_label(struct token *t, enum token_which which);
static enum err check_mechanism(
    struct token *t, const struct token_key *k, unsigned long mechanism, ck_flags_t use);
static enum err make(struct token *t, enum token_which which);
static bool is_of_template(ck_rv_t rv);
static ck_rv_t generate(struct token *t, const struct token_key *k, enum extent extent);

enum err
token_generate(struct token *t, enum token_which which)
{
	enum err e = check_label(t, which);

	return e == ERR_OK ? make(t, which) : e;
}

enum err
token_check_generates(struct token *t, enum token_which which)
{
	const struct token_key *k = &t->key[which];
	enum err e = check_label(t, which);

	if (e == ERR_OK && (t->flags & CKF_WRITE_PROTECTED) != 0) {
		complain("token '%s' is write-protected: no key can be made on it", t->info.name);
		e = ERR_TOKEN_UNFIT;
	}
	if (e == ERR_OK)
		e = check_mechanism(t, k, k->algorithm->generate, CKF_GENERATE_KEY_PAIR);
	if (e == ERR_OK)
		e = check_mechanism(t, k, k->algorithm->sign, CKF_SIGN);
	return e;
}

static enum err
check_label(struct token *t, enum token_which which)
{
	const struct token_key *k = &t->key[which];
	bool there;
	enum err e;

	if (k->choice != NULL && choice_attribute(k->choice, CKA_LABEL) == NULL) {
		complain("a key is made with a label: add object= to %s", k->label);
		return ERR_CONFIG;
	}
	e = token_has_key(t, which, &there);
	if (e == ERR_OK && there) {
		complain(
		    "token '%s' has a private key '%s' already; it is never overwritten: choose "
		    "another label, or, if it was made by the vendor's tool and has signed "
		    "nothing, "
		    "take it: hallmark-hsm init --existing",
		    t->info.name, k->label);
		e = ERR_MISMATCH;
	}
	return e;
}

/*
 * Of sizes only RSA's, where it is in bits beyond doubt: some modules tell bytes, and those of
 * curves are whatever a vendor thinks of them.
 */
static enum err
check_mechanism(struct token *t, const struct token_key *k, unsigned long mechanism, ck_flags_t use)
{
	unsigned long list[TOKEN_MECHANISMS_MAX];
	struct ck_mechanism_info info;
	bool listed = false;
	size_t count;
	enum err e = token_list_mechanisms(t, list, &count);
	ck_rv_t rv;

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < count; i++)
		listed = listed || list[i] == mechanism;
	rv = listed ? TOKEN_CALL(t, C_GetMechanismInfo, t->slot_id, mechanism, &info)
		    : CKR_MECHANISM_INVALID;
	if (rv != CKR_OK && rv != CKR_MECHANISM_INVALID)
		return token_refuse_call(
		    t, FAILURE_READ, "does not tell its mechanisms", "C_GetMechanismInfo", rv);
	if (rv != CKR_OK || (info.flags & use) == 0) {
		complain("token '%s' does not %s keys of %s (mechanism 0x%lx): take another "
			 "algorithm, or another token",
		    t->info.name, use == CKF_SIGN ? "sign by" : "make", k->algorithm->type,
		    mechanism);
		return ERR_TOKEN_UNFIT;
	}
	if (k->algorithm->key_type == CKK_RSA && info.max_key_size >= 1024 &&
	    info.max_key_size < (unsigned long)k->algorithm->bits) {
		complain("token '%s' has keys of RSA of at most %lu bits, the configuration's "
			 "algorithm is %s",
		    t->info.name, info.max_key_size, k->algorithm->name);
		return ERR_TOKEN_UNFIT;
	}
	return ERR_OK;
}

/*
 * With less where the token refuses what is said: some take no word of other uses, even that there
 * are none (tpm2-pkcs11). What it made of it is looked at all the same, by who asked for the key.
 */
static enum err
make(struct token *t, enum token_which which)
{
	enum extent extent = EXTENT_ALL;
	bool there = false;
	enum err e = ERR_OK;
	ck_rv_t rv;

	while ((rv = generate(t, &t->key[which], extent)) != CKR_OK && is_of_template(rv) &&
	       extent < EXTENT_LEAST && e == ERR_OK && !there) {
		complain("token '%s' does not make the key pair: PKCS#11 error 0x%lx "
			 "(C_GenerateKeyPair), %s; once more, without %s",
		    t->info.name, rv, failure_text(rv),
		    extent == EXTENT_ALL
			? "saying that it may not decrypt, encrypt, unwrap and wrap"
			: "saying that it is private");
		extent++;
		e = token_has_key(t, which, &there); /* never two */
	}
	if (e == ERR_OK && rv != CKR_OK)
		e = token_refuse_call(
		    t, FAILURE_READ, "does not make the key pair", "C_GenerateKeyPair", rv);
	return e;
}

/* And what says nothing: some give that for an attribute that they do not take. */
static bool
is_of_template(ck_rv_t rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
	       rv == CKR_TEMPLATE_INCOMPLETE || rv == CKR_GENERAL_ERROR ||
	       rv == CKR_FUNCTION_FAILED || rv == CKR_ARGUMENTS_BAD;
}

/* It signs and does nothing else: modules would allow more by default. */
static ck_rv_t
generate(struct token *t, const struct token_key *k, enum extent extent)
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
	struct ck_attribute public[10] = {
	    {CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1}, *label, id != NULL ? *id : own_id};
	const struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1}, {CKA_SENSITIVE, &yes, 1},
	    {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1}, *label, id != NULL ? *id : own_id,
	    {CKA_PRIVATE, &yes, 1}, {CKA_DECRYPT, &no, 1}, {CKA_UNWRAP, &no, 1}};
	const unsigned long private_count = extent == EXTENT_ALL       ? 9
					    : extent == EXTENT_NO_USES ? 7
								       : 6;
	ck_object_handle_t public_key, private_key;
	unsigned long public_count = 4;

	if (a->key_type == CKK_RSA) {
		public[public_count++] =
		    (struct ck_attribute){CKA_MODULUS_BITS, &bits, sizeof(bits)};
		public[public_count++] =
		    (struct ck_attribute){CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof(rsa_exponent)};
	} else {
		public[public_count++] = (struct ck_attribute){
		    CKA_EC_PARAMS, (void *)a->parameters.data, a->parameters.size};
	}
	if (extent == EXTENT_ALL) {
		public[public_count++] = (struct ck_attribute){CKA_ENCRYPT, &no, 1};
		public[public_count++] = (struct ck_attribute){CKA_WRAP, &no, 1};
	}
	if (RAND_bytes(drawn, sizeof(drawn)) != 1)
		return CKR_GENERAL_ERROR;
	/* Without a deadline: some tokens take a minute for an RSA key. */
	return t->functions->C_GenerateKeyPair(t->session, &mechanism, public, public_count,
	    (struct ck_attribute *)private, private_count, &public_key, &private_key);
}

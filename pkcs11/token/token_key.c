/*
 * Finding the key pair. Raw Cryptoki: found by
 * template, because libp11 reads all keys of the token and none beside one of a type that it does
 * not know.
 */
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"

#define COUNTED_MAX 1000 /* private keys; more are told as so many */

static enum err choose_key(struct token *t, struct token_key *k);
static enum err refuse_absent(struct token *t, const struct token_key *k);
static enum err read_key(struct token *t, struct token_key *k);
static enum err check_algorithm(const struct token_key *k);
static enum err check_operator_key(struct token_key *k);

enum err
token_has_key(struct token *t, enum token_which which, bool *out)
{
	ck_object_handle_t object;
	unsigned long count;
	enum err e = token_find_key_objects(t, &t->key[which], CKO_PRIVATE_KEY, &object, 1, &count);

	*out = e == ERR_OK && count > 0;
	return e;
}

enum err
token_find_key(struct token *t, enum token_which which)
{
	struct token_key *k = &t->key[which];
	enum err e;

	if ((e = choose_key(t, k)) == ERR_OK && (e = read_key(t, k)) == ERR_OK &&
	    (e = token_read_public_half(t, k, &k->public)) == ERR_OK)
		e = t->use == TOKEN_STATEMENT ? check_operator_key(k) : check_algorithm(k);
	/* In service it is the certificate that tells; the ceremony may have none yet. */
	return e == ERR_OK && (t->use == TOKEN_CEREMONY || t->use == TOKEN_DRY_RUN)
		   ? token_check_halves(t, which)
		   : e;
}

enum err
token_is_key_of(struct token *t, const struct hsm_config *other, bool *out)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	const struct token_key *k = &t->key[TOKEN_FIRST];
	struct ck_attribute template[2 + CHOICE_ATTRIBUTES_MAX] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_ID, (void *)k->id, k->id_size}};
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

static enum err
choose_key(struct token *t, struct token_key *k)
{
	ck_object_handle_t object[2];
	unsigned long count;
	enum err e = token_find_key_objects(t, k, CKO_PRIVATE_KEY, object, 2, &count);

	if (e != ERR_OK)
		return e;
	if (count == 0)
		return refuse_absent(t, k);
	if (count > 1) {
		complain("token '%s' has several private keys '%s'; remove or rename all but one",
		    t->info.name, k->label);
		return ERR_MISMATCH;
	}
	k->private = object[0];
	return ERR_OK;
}

/*
 * A public half alone is what stays of a key that was deleted, or was not restored with it. Who
 * serves has a guard, so that the key was there: it is another token, or the log has ended.
 */
static enum err
refuse_absent(struct token *t, const struct token_key *k)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute private = {CKA_CLASS, &class, sizeof(class)};
	ck_object_handle_t object, counted[COUNTED_MAX];
	const char *mend = NULL;
	unsigned long halves, count;
	enum err e = token_find_key_objects(t, k, CKO_PUBLIC_KEY, &object, 1, &halves);

	if (e != ERR_OK ||
	    (e = token_find_objects(t, &private, 1, counted, COUNTED_MAX, &count)) != ERR_OK)
		return e;
	if (t->use == TOKEN_SERVE)
		mend = "bring back the token that has it; if it is lost the log has ended, unless "
		       "another key continues it (hallmark-hsm continue)";
	else if (t->use == TOKEN_STATEMENT)
		mend = "make one with the vendor's tool";
	if (halves > 0)
		complain("token '%s' has the public half of key '%s', and no private one: it was "
			 "deleted, or not restored%s%s",
		    t->info.name, k->label, mend != NULL ? "; " : "", mend != NULL ? mend : "");
	else
		complain("token '%s' has no private key '%s' among its %lu: %s", t->info.name,
		    k->label, count, mend != NULL ? mend : "make one with hallmark-hsm init");
	return ERR_NOT_FOUND;
}

/* What a token does not tell of it has no size then; that it has no id is told where it is missed.
 */
static enum err
read_key(struct token *t, struct token_key *k)
{
	struct ck_attribute wanted[] = {
	    {CKA_KEY_TYPE, &k->type, sizeof(k->type)}, {CKA_ID, k->id, sizeof(k->id)}};

	(void)TOKEN_CALL(t, C_GetAttributeValue, t->session, k->private, wanted, 2);
	if (wanted[0].value_len != sizeof(k->type)) {
		complain(
		    "key '%s': the token does not tell the type of its private half", k->label);
		return ERR_TOKEN;
	}
	k->id_size = wanted[1].value_len <= sizeof(k->id) ? wanted[1].value_len : 0;
	return ERR_OK;
}

static enum err
check_algorithm(const struct token_key *k)
{
	char what[64];

	if (algorithm_fits(k->algorithm, k->public))
		return ERR_OK;
	algorithm_describe(k->public, what);
	complain("key '%s' is %s; the configuration's algorithm is %s: correct it, or make another "
		 "key with another label",
	    k->label, what, k->algorithm->name);
	return ERR_MISMATCH;
}

/* RSA of any size: statements have their own bounds, and say so. */
static enum err
check_operator_key(struct token_key *k)
{
	if ((k->algorithm = algorithm_of_operator(k->public)) != NULL)
		return ERR_OK;
	complain(
	    "key '%s' is of another kind: an operator's key on a token is P-256 or RSA", k->label);
	return ERR_MISMATCH;
}

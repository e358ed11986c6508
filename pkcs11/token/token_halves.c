/*
 * Whether the public half of the key is there, and is one, by raw calls and before libp11 looks for
 * it: libp11 pairs the halves by CKA_ID alone, and crashes where no public key has the private
 * one's. Vendors leave the public half out, and tools delete it or give it another id.
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/token_state.h"
#include "proto/encoding.h"

#define PUBLIC_MAX 8    /* public keys with one id; the ninth is not looked at */
#define VALUE_MAX  2048 /* bytes; the modulus of RSA with 16,384 bits */

struct value {
	unsigned char bytes[VALUE_MAX];
	unsigned long size; /* 0: not there, or larger than any key's */
};

/* What makes a public key. */
struct half {
	unsigned long type;
	struct value number;     /* CKA_EC_POINT, or CKA_MODULUS */
	struct value parameters; /* CKA_EC_PARAMS, or CKA_PUBLIC_EXPONENT */
};

static enum err refuse_missing(struct token *t);
static enum err read_type(
    struct token *t, ck_object_class_t class, ck_object_handle_t object, unsigned long *out);
static enum err read_half(
    struct token *t, ck_object_handle_t object, unsigned long type, struct half *out);
static void read_value(
    struct token *t, ck_object_handle_t object, ck_attribute_type_t attribute, struct value *out);
static bool is_point(const struct half *half);
static bool same_value(const struct value *a, const struct value *b);
static enum err refuse(const struct token *t, const char *what);

enum err
token_check_public_half(struct token *t)
{
	ck_object_class_t class = CKO_PUBLIC_KEY;
	struct ck_attribute with_id[] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_ID, t->key->id, t->key->id_len}};
	ck_object_handle_t private, object[PUBLIC_MAX];
	struct half first, other;
	unsigned long count, type;
	enum err e;

	if (t->key->id_len == 0)
		return refuse(t, "has no id (CKA_ID), which pairs the halves of a key; give both "
				 "the same");
	if ((e = token_find_labelled(t, CKO_PRIVATE_KEY, &private, 1, &count)) != ERR_OK)
		return e;
	if (count == 0)
		return refuse(t, "was listed, and is not found by its label");
	if ((e = read_type(t, CKO_PRIVATE_KEY, private, &type)) != ERR_OK ||
	    (e = token_find_objects(t, with_id, 2, object, PUBLIC_MAX, &count)) != ERR_OK)
		return e;
	if (count == 0)
		return refuse_missing(t);
	if ((e = read_half(t, object[0], type, &first)) != ERR_OK)
		return e;
	for (unsigned long i = 1; i < count; i++) {
		if ((e = read_half(t, object[i], type, &other)) != ERR_OK)
			return e;
		if (!same_value(&first.number, &other.number))
			return refuse(t, "has several public halves: public keys of others on the "
					 "token have its id (CKA_ID); give each its own");
	}
	return ERR_OK;
}

static enum err
refuse_missing(struct token *t)
{
	const struct hsm_config *c = t->config;
	ck_object_handle_t object;
	struct buf id = BUF_INIT;
	unsigned long count;
	enum err e = token_find_labelled(t, CKO_PUBLIC_KEY, &object, 1, &count);

	if (e != ERR_OK)
		return e;
	hex_append(&id, (struct view){t->key->id, t->key->id_len});
	if (count > 0)
		complain("key '%s': its public half on token '%s' has another id (CKA_ID) than the "
			 "private one, which has %.*s; give both the same",
		    c->key_label, t->info.label, (int)id.size, (const char *)id.data);
	else
		complain("key '%s': its public half is missing on token '%s'; put it back, for "
			 "instance from the certificate: openssl x509 -in CERTIFICATE -noout "
			 "-pubkey | openssl pkey -pubin -outform DER -out public.der, then "
			 "pkcs11-tool --module %s --token-label '%s' --login --write-object "
			 "public.der --type pubkey --label '%s' --id %.*s",
		    c->key_label, t->info.label, c->module, t->info.label, c->key_label,
		    (int)id.size, (const char *)id.data);
	buf_free(&id);
	return ERR_NOT_FOUND;
}

static enum err
read_type(struct token *t, ck_object_class_t class, ck_object_handle_t object, unsigned long *out)
{
	struct ck_attribute wanted = {CKA_KEY_TYPE, out, sizeof(*out)};

	if (t->functions->C_GetAttributeValue(t->session, object, &wanted, 1) == CKR_OK &&
	    wanted.value_len == sizeof(*out))
		return ERR_OK;
	complain("key '%s': the token does not tell the type of its %s half", t->config->key_label,
	    class == CKO_PUBLIC_KEY ? "public" : "private");
	return ERR_TOKEN;
}

/* ERR_MISMATCH unless it is a public key of the private half's type. */
static enum err
read_half(struct token *t, ck_object_handle_t object, unsigned long type, struct half *out)
{
	bool ecdsa = type == CKK_EC;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = read_type(t, CKO_PUBLIC_KEY, object, &out->type)) != ERR_OK)
		return e;
	if (out->type != type)
		return refuse(t, "has a public half of another type: a public key of another has "
				 "its id (CKA_ID); give each its own");
	read_value(t, object, ecdsa ? CKA_EC_POINT : CKA_MODULUS, &out->number);
	read_value(t, object, ecdsa ? CKA_EC_PARAMS : CKA_PUBLIC_EXPONENT, &out->parameters);
	if (out->number.size > 0 && out->parameters.size > 0 && (!ecdsa || is_point(out)))
		return ERR_OK;
	return refuse(t, ecdsa ? "has a public half that is no point of a curve; put the right one "
				 "there"
			       : "has a public half without a modulus or an exponent; put the "
				 "right one there");
}

static void
read_value(
    struct token *t, ck_object_handle_t object, ck_attribute_type_t attribute, struct value *out)
{
	struct ck_attribute wanted = {attribute, out->bytes, VALUE_MAX};

	if (t->functions->C_GetAttributeValue(t->session, object, &wanted, 1) == CKR_OK &&
	    wanted.value_len <= VALUE_MAX)
		out->size = wanted.value_len;
}

/* PKCS#11 v2.40, 2.3.3: parameters as ECParameters, the point as an OCTET STRING, both in DER. */
static bool
is_point(const struct half *half)
{
	const unsigned char *parameters = half->parameters.bytes, *number = half->number.bytes;
	EC_GROUP *group = d2i_ECPKParameters(NULL, &parameters, (long)half->parameters.size);
	ASN1_OCTET_STRING *bytes = d2i_ASN1_OCTET_STRING(NULL, &number, (long)half->number.size);
	EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	bool good = point != NULL && bytes != NULL &&
		    EC_POINT_oct2point(group, point, ASN1_STRING_get0_data(bytes),
			(size_t)ASN1_STRING_length(bytes), NULL) == 1 &&
		    EC_POINT_is_at_infinity(group, point) == 0;

	EC_POINT_free(point);
	ASN1_OCTET_STRING_free(bytes);
	EC_GROUP_free(group);
	ERR_clear_error();
	return good;
}

static bool
same_value(const struct value *a, const struct value *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static enum err
refuse(const struct token *t, const char *what)
{
	complain("key '%s' on token '%s' %s", t->config->key_label, t->info.label, what);
	return ERR_MISMATCH;
}

/*
 * The public half of the key: whether it is there, and is one. Vendors leave it out, and tools
 * delete it or give it another id. Raw Cryptoki: libp11 pairs the halves by CKA_ID alone, takes
 * whichever comes first, and crashes where there is none.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
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

static enum err refuse_missing(struct token *t, const struct token_key *k);
static enum err read_half(struct token *t, const struct token_key *k, ck_object_handle_t object,
    struct half *out, EVP_PKEY **key);
static void read_value(
    struct token *t, ck_object_handle_t object, ck_attribute_type_t attribute, struct value *out);
static EVP_PKEY *make_key(unsigned long type, const struct half *half);
static EVP_PKEY *make_point(const struct half *half);
static EVP_PKEY *make_edwards(const struct half *half);
static EVP_PKEY *make_modulus(const struct half *half);
static EVP_PKEY *make_from(const char *kind, OSSL_PARAM_BLD *build);
static bool same_value(const struct value *a, const struct value *b);
static enum err refuse(const struct token *t, const struct token_key *k, const char *what);

enum err
token_read_public_half(struct token *t, const struct token_key *k, EVP_PKEY **out)
{
	ck_object_class_t class = CKO_PUBLIC_KEY;
	struct ck_attribute with_id[] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_ID, (void *)k->id, k->id_size}};
	ck_object_handle_t object[PUBLIC_MAX];
	struct half first, other;
	unsigned long count;
	EVP_PKEY *key;
	enum err e;

	*out = NULL;
	if (k->id_size == 0)
		return refuse(t, k,
		    "has no id (CKA_ID), which pairs the halves of a key; give both "
		    "the same");
	if ((e = token_find_objects(t, with_id, 2, object, PUBLIC_MAX, &count)) != ERR_OK)
		return e;
	if (count == 0)
		return refuse_missing(t, k);
	e = read_half(t, k, object[0], &first, out);
	for (unsigned long i = 1; i < count && e == ERR_OK; i++) {
		e = read_half(t, k, object[i], &other, &key);
		EVP_PKEY_free(key);
		if (e == ERR_OK && !same_value(&first.number, &other.number))
			e = refuse(t, k,
			    "has several public halves: public keys of others on the "
			    "token have its id (CKA_ID); give each its own");
	}
	return e;
}

static enum err
refuse_missing(struct token *t, const struct token_key *k)
{
	const struct hsm_config *c = t->config;
	ck_object_handle_t object;
	struct buf id = BUF_INIT;
	unsigned long count;
	enum err e = token_find_key_objects(t, k, CKO_PUBLIC_KEY, &object, 1, &count);

	if (e != ERR_OK)
		return e;
	hex_append(&id, (struct view){k->id, k->id_size});
	if (count > 0)
		complain("key '%s': its public half on token '%s' has another id (CKA_ID) than the "
			 "private one, which has %.*s; give both the same",
		    k->label, t->info.name, (int)id.size, (const char *)id.data);
	else if (k->algorithm->scheme == NOTE_ED25519)
		complain("key '%s': its public half is missing on token '%s'; put it back from its "
			 "verifier key with the vendor's tool, with the id (CKA_ID) %.*s",
		    k->label, t->info.name, (int)id.size, (const char *)id.data);
	else
		complain("key '%s': its public half is missing on token '%s'; put it back, for "
			 "instance from the certificate: openssl x509 -in CERTIFICATE -noout "
			 "-pubkey | openssl pkey -pubin -outform DER -out public.der, then "
			 "pkcs11-tool --module %s --token-label '%s' --login --write-object "
			 "public.der --type pubkey --label '%s' --id %.*s",
		    k->label, t->info.name, c->module, t->info.name, k->label, (int)id.size,
		    (const char *)id.data);
	buf_free(&id);
	return ERR_NOT_FOUND;
}

/* ERR_MISMATCH unless it is a public key of the private half's type. */
static enum err
read_half(struct token *t, const struct token_key *k, ck_object_handle_t object, struct half *out,
    EVP_PKEY **key)
{
	const bool rsa = k->type == CKK_RSA;
	struct ck_attribute type = {CKA_KEY_TYPE, &out->type, sizeof(out->type)};

	*key = NULL;
	memset(out, 0, sizeof(*out));
	if (TOKEN_CALL(t, C_GetAttributeValue, t->session, object, &type, 1) != CKR_OK ||
	    type.value_len != sizeof(out->type)) {
		complain("key '%s': the token does not tell the type of its public half", k->label);
		return ERR_TOKEN;
	}
	if (out->type != k->type)
		return refuse(t, k,
		    "has a public half of another type: a public key of another has its id "
		    "(CKA_ID); give each its own");
	if (!rsa && k->type != CKK_EC && k->type != CKK_EC_EDWARDS)
		return refuse(t, k,
		    "is neither of ECDSA, Ed25519 nor RSA, and so of no algorithm that a log is "
		    "signed with");
	read_value(t, object, rsa ? CKA_MODULUS : CKA_EC_POINT, &out->number);
	read_value(t, object, rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_PARAMS, &out->parameters);
	*key = make_key(out->type, out);
	ERR_clear_error();
	if (*key != NULL)
		return ERR_OK;
	return refuse(t, k,
	    rsa ? "has a public half without a modulus or an exponent; put the right one there"
		: "has a public half that is no point of a curve; put the right one there");
}

static void
read_value(
    struct token *t, ck_object_handle_t object, ck_attribute_type_t attribute, struct value *out)
{
	struct ck_attribute wanted = {attribute, out->bytes, VALUE_MAX};

	if (TOKEN_CALL(t, C_GetAttributeValue, t->session, object, &wanted, 1) == CKR_OK &&
	    wanted.value_len <= VALUE_MAX)
		out->size = wanted.value_len;
}

/* NULL, with or without an error of OpenSSL's, where it is none. */
static EVP_PKEY *
make_key(unsigned long type, const struct half *half)
{
	if (half->number.size == 0 || half->parameters.size == 0)
		return NULL;
	return type == CKK_EC           ? make_point(half)
	       : type == CKK_EC_EDWARDS ? make_edwards(half)
					: make_modulus(half);
}

/* PKCS#11 v2.40, 2.3.3: parameters as ECParameters, the point as an OCTET STRING, both in DER. */
static EVP_PKEY *
make_point(const struct half *half)
{
	const unsigned char *parameters = half->parameters.bytes, *number = half->number.bytes;
	EC_GROUP *group = d2i_ECPKParameters(NULL, &parameters, (long)half->parameters.size);
	ASN1_OCTET_STRING *point = d2i_ASN1_OCTET_STRING(NULL, &number, (long)half->number.size);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	const char *name = group != NULL ? OBJ_nid2sn(EC_GROUP_get_curve_name(group)) : NULL;
	EVP_PKEY *key = NULL;

	if (build != NULL && point != NULL && name != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
		ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point)) == 1)
		key = make_from("EC", build);
	OSSL_PARAM_BLD_free(build);
	ASN1_OCTET_STRING_free(point);
	EC_GROUP_free(group);
	return key;
}

/*
 * The 32 bytes of RFC 8032, as PKCS#11 3.0 has it, or an OCTET STRING of them in DER, as before.
 * NULL for a curve of another size.
 */
static EVP_PKEY *
make_edwards(const struct half *half)
{
	const unsigned char *bytes = half->number.bytes;

	if (half->number.size == 34 && bytes[0] == V_ASN1_OCTET_STRING && bytes[1] == 32)
		bytes += 2;
	else if (half->number.size != 32)
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, 32);
}

static EVP_PKEY *
make_modulus(const struct half *half)
{
	BIGNUM *n = BN_bin2bn(half->number.bytes, (int)half->number.size, NULL);
	BIGNUM *e = BN_bin2bn(half->parameters.bytes, (int)half->parameters.size, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (build != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		key = make_from("RSA", build);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *
make_from(const char *kind, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || parameters == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = NULL;
	OSSL_PARAM_free(parameters);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool
same_value(const struct value *a, const struct value *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static enum err
refuse(const struct token *t, const struct token_key *k, const char *what)
{
	complain("key '%s' on token '%s' %s", k->label, t->info.name, what);
	return ERR_MISMATCH;
}

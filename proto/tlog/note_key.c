#include "proto/tlog/note_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "proto/digest.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define RSA_BITS_MIN   2048
#define ED25519_SIZE   32 /* bytes of a public key */
#define SCHEMES_OF_KEY 2  /* an RSA key has so many */
#define HEX_ID_SIZE    (2 * NOTE_KEY_ID_SIZE)

static const struct scheme {
	uint8_t type;
	const char *identifier; /* behind the type, or "" */
} schemes[] = {
    [NOTE_ED25519] = {0x01, ""},
    [NOTE_ECDSA] = {0x02, ""},
    [NOTE_RSA_PKCS1] = {0xff, "hallmark-rsa-pkcs1-sha256/1"},
    [NOTE_RSA_PSS] = {0xff, "hallmark-rsa-pss-sha256/1"},
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* Orders of P-256 and P-384 (SEC 2, 2.4.2 and 2.5.1): an s above the half has a lower twin. */
static const uint8_t order_p256[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9,
    0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_p384[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63,
    0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec,
    0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

struct note_verifier {
	char *name;
	EVP_PKEY *key;
	struct view order; /* of its curve, where it has one */
	size_t scheme_count;
	enum note_scheme scheme[SCHEMES_OF_KEY]; /* the first is the one that it writes */
	uint8_t key_id[SCHEMES_OF_KEY][NOTE_KEY_ID_SIZE];
};

static bool schemes_of(EVP_PKEY *key, struct note_verifier *v);
static struct view order_of(EVP_PKEY *key);
static enum err keep_scheme(struct note_verifier *v, enum note_scheme scheme);
static enum err append_key(const struct note_verifier *v, enum note_scheme scheme, struct buf *to);
static enum err make_key_id(
    const struct note_verifier *v, enum note_scheme scheme, uint8_t id[NOTE_KEY_ID_SIZE]);
static enum err read_key(struct view bytes, enum note_scheme *scheme, EVP_PKEY **out);
static enum err check_line(const struct note_verifier *v, struct view line);
static bool ecdsa_is_canonical(struct view der, struct view order);
static struct view order_of_size(size_t size);
static BIGNUM *half_of(struct view order);

uint8_t
note_scheme_type(enum note_scheme scheme)
{
	return schemes[scheme].type;
}

const char *
note_scheme_identifier(enum note_scheme scheme)
{
	return schemes[scheme].identifier;
}

enum err
note_verifier_new(const char *name, EVP_PKEY *key, struct note_verifier **out)
{
	struct note_verifier *v, found = {.scheme_count = 0};
	enum err e;

	*out = NULL;
	if (!schemes_of(key, &found))
		return ERR_UNSUPPORTED;
	if ((e = note_name_check(view_of_string(name))) != ERR_OK)
		return e;
	if ((v = malloc(sizeof(*v))) == NULL || (found.name = strdup(name)) == NULL) {
		free(v);
		return ERR_MEMORY;
	}
	*v = found;
	EVP_PKEY_up_ref(key);
	v->key = key;
	for (size_t i = 0; i < v->scheme_count && e == ERR_OK; i++)
		e = make_key_id(v, v->scheme[i], v->key_id[i]);
	if (e != ERR_OK)
		note_verifier_free(&v);
	*out = v;
	return e;
}

enum err
note_verifier_new_of(
    const char *name, EVP_PKEY *key, enum note_scheme scheme, struct note_verifier **out)
{
	enum err e = note_verifier_new(name, key, out);

	if (e == ERR_OK && (e = keep_scheme(*out, scheme)) != ERR_OK)
		note_verifier_free(out);
	return e;
}

enum err
note_verifier_read(struct view line, struct note_verifier **out)
{
	const uint8_t *plus = line.size > 0 ? memchr(line.data, '+', line.size) : NULL;
	const size_t name_size = plus != NULL ? (size_t)(plus - line.data) : 0;
	const size_t before = name_size + 1 + HEX_ID_SIZE + 1;
	enum note_scheme scheme = NOTE_ED25519;
	struct buf bytes = BUF_INIT;
	char name[NOTE_KEY_LINE_MAX + 1];
	EVP_PKEY *key = NULL;
	enum err e;

	*out = NULL;
	if (plus == NULL || line.size > NOTE_KEY_LINE_MAX || line.size <= before ||
	    line.data[before - 1] != '+' || memchr(line.data, '\0', name_size) != NULL)
		return ERR_FORMAT;
	memcpy(name, line.data, name_size);
	name[name_size] = '\0';
	if ((e = base64_decode((struct view){line.data + before, line.size - before}, &bytes)) ==
		ERR_OK &&
	    (e = read_key(buf_view(&bytes), &scheme, &key)) == ERR_OK &&
	    (e = note_verifier_new_of(name, key, scheme, out)) == ERR_OK &&
	    (e = check_line(*out, line)) != ERR_OK)
		note_verifier_free(out);
	EVP_PKEY_free(key);
	buf_free(&bytes);
	return e;
}

void
note_verifier_free(struct note_verifier **v)
{
	if (*v == NULL)
		return;
	EVP_PKEY_free((*v)->key);
	free((*v)->name);
	free(*v);
	*v = NULL;
}

const uint8_t *
note_verifier_key_id(const struct note_verifier *v)
{
	return v->key_id[0];
}

EVP_PKEY *
note_verifier_key(const struct note_verifier *v)
{
	return v->key;
}

const char *
note_verifier_name(const struct note_verifier *v)
{
	return v->name;
}

bool
note_verifier_scheme(
    const struct note_verifier *v, const uint8_t id[NOTE_KEY_ID_SIZE], enum note_scheme *out)
{
	for (size_t i = 0; i < v->scheme_count; i++)
		if (memcmp(v->key_id[i], id, NOTE_KEY_ID_SIZE) == 0) {
			*out = v->scheme[i];
			return true;
		}
	return false;
}

enum err
note_verifier_write(const struct note_verifier *v, struct buf *to)
{
	struct buf key = BUF_INIT;
	enum err e = append_key(v, v->scheme[0], &key);

	if (e == ERR_OK) {
		buf_append_string(to, v->name);
		buf_append_byte(to, '+');
		hex_append(to, (struct view){v->key_id[0], NOTE_KEY_ID_SIZE});
		buf_append_byte(to, '+');
		base64_append(to, buf_view(&key));
		e = buf_status(to);
	}
	buf_free(&key);
	return e;
}

enum err
note_verifier_check(
    const struct note_verifier *v, enum note_scheme scheme, struct view text, struct view signature)
{
	const EVP_MD *hash = scheme == NOTE_ED25519 ? NULL : EVP_sha256();
	EVP_PKEY_CTX *how;
	EVP_MD_CTX *ctx;
	enum err e = ERR_SIGNATURE;

	if (scheme == NOTE_ECDSA && !ecdsa_is_canonical(signature, v->order))
		return ERR_SIGNATURE;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return ERR_MEMORY;
	if (EVP_DigestVerifyInit(ctx, &how, hash, NULL, v->key) != 1 ||
	    (scheme == NOTE_RSA_PSS &&
		(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1)))
		e = ERR_CRYPTO;
	else if (EVP_DigestVerify(ctx, signature.data, signature.size, text.data, text.size) == 1)
		e = ERR_OK;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}

enum err
note_name_check(struct view name)
{
	if (name.size == 0 || memchr(name.data, '+', name.size) != NULL ||
	    !text_is_printable(name, false))
		return ERR_FORMAT;
	return ERR_OK;
}

enum err
note_ecdsa_lower(uint8_t *raw, size_t size)
{
	const struct view order = order_of_size(size / 2);
	const int half_size = (int)order.size;
	BIGNUM *r, *s, *n, *half;
	enum err e = ERR_SIGNATURE;

	if (size == 0 || size != 2 * order.size)
		return ERR_SIGNATURE;
	r = BN_bin2bn(raw, half_size, NULL);
	s = BN_bin2bn(raw + half_size, half_size, NULL);
	n = BN_bin2bn(order.data, half_size, NULL);
	half = half_of(order);
	if (r == NULL || s == NULL || n == NULL || half == NULL)
		e = ERR_MEMORY;
	else if (!BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(r, n) < 0 && BN_cmp(s, n) < 0)
		e = BN_cmp(s, half) <= 0 ||
			    (BN_sub(s, n, s) == 1 &&
				BN_bn2binpad(s, raw + half_size, half_size) == half_size)
			? ERR_OK
			: ERR_CRYPTO;
	BN_free(r);
	BN_free(s);
	BN_free(n);
	BN_free(half);
	return e;
}

enum err
note_ecdsa_from_raw(struct view raw, struct buf *to)
{
	const int half_size = (int)raw.size / 2;
	uint8_t lower[NOTE_RAW_ECDSA_MAX];
	ECDSA_SIG *signature = NULL;
	BIGNUM *r = NULL, *s = NULL;
	unsigned char *der = NULL;
	enum err e;
	int size;

	if (raw.size == 0 || raw.size > sizeof(lower))
		return ERR_SIGNATURE;
	memcpy(lower, raw.data, raw.size);
	if ((e = note_ecdsa_lower(lower, raw.size)) != ERR_OK)
		return e;
	e = ERR_MEMORY;
	if ((signature = ECDSA_SIG_new()) == NULL ||
	    (r = BN_bin2bn(lower, half_size, NULL)) == NULL ||
	    (s = BN_bin2bn(lower + half_size, half_size, NULL)) == NULL ||
	    ECDSA_SIG_set0(signature, r, s) != 1)
		goto out;
	r = NULL; /* moved */
	s = NULL; /* moved */
	e = ERR_CRYPTO;
	if ((size = i2d_ECDSA_SIG(signature, &der)) <= 0)
		goto out;
	buf_append(to, der, (size_t)size);
	e = buf_status(to);
out:
	OPENSSL_free(der);
	ECDSA_SIG_free(signature);
	BN_free(r);
	BN_free(s);
	return e;
}

/* Of the curve whose numbers have that size; none: empty. */
static struct view
order_of_size(size_t size)
{
	if (size == sizeof(order_p256))
		return (struct view){order_p256, sizeof(order_p256)};
	if (size == sizeof(order_p384))
		return (struct view){order_p384, sizeof(order_p384)};
	return (struct view){NULL, 0};
}

static bool
schemes_of(EVP_PKEY *key, struct note_verifier *v)
{
	if (EVP_PKEY_is_a(key, "ED25519") == 1) {
		v->scheme[v->scheme_count++] = NOTE_ED25519;
	} else if (EVP_PKEY_is_a(key, "EC") == 1) {
		v->order = order_of(key);
		if (v->order.size > 0)
			v->scheme[v->scheme_count++] = NOTE_ECDSA;
	} else if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN) {
		v->scheme[v->scheme_count++] = NOTE_RSA_PKCS1;
		v->scheme[v->scheme_count++] = NOTE_RSA_PSS;
	}
	return v->scheme_count > 0;
}

/* Of no bytes if it is on another curve. */
static struct view
order_of(EVP_PKEY *key)
{
	char group[64] = "";

	EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	if (strcmp(group, "prime256v1") == 0)
		return (struct view){order_p256, sizeof(order_p256)};
	if (strcmp(group, "secp384r1") == 0)
		return (struct view){order_p384, sizeof(order_p384)};
	return (struct view){NULL, 0};
}

static enum err
keep_scheme(struct note_verifier *v, enum note_scheme scheme)
{
	for (size_t i = 0; i < v->scheme_count; i++)
		if (v->scheme[i] == scheme) {
			v->scheme[0] = scheme;
			memmove(v->key_id[0], v->key_id[i], NOTE_KEY_ID_SIZE);
			v->scheme_count = 1;
			return ERR_OK;
		}
	return ERR_UNSUPPORTED;
}

/* Type, identifier and key, as they stand in a verifier key line. */
static enum err
append_key(const struct note_verifier *v, enum note_scheme scheme, struct buf *to)
{
	unsigned char raw[ED25519_SIZE], *spki = NULL;
	size_t raw_size = sizeof(raw);
	int size;

	buf_append_byte(to, schemes[scheme].type);
	buf_append_string(to, schemes[scheme].identifier);
	if (scheme == NOTE_ED25519) {
		if (EVP_PKEY_get_raw_public_key(v->key, raw, &raw_size) != 1)
			return ERR_CRYPTO;
		buf_append(to, raw, raw_size);
		return buf_status(to);
	}
	if ((size = i2d_PUBKEY(v->key, &spki)) <= 0)
		return ERR_CRYPTO;
	buf_append(to, spki, (size_t)size);
	OPENSSL_free(spki);
	return buf_status(to);
}

static enum err
make_key_id(const struct note_verifier *v, enum note_scheme scheme, uint8_t id[NOTE_KEY_ID_SIZE])
{
	/* Of an ECDSA key the SPKI alone, without the type byte. */
	const bool ecdsa = scheme == NOTE_ECDSA;
	struct buf bytes = BUF_INIT;
	struct digest digest;
	enum err e;

	if (!ecdsa) {
		buf_append_string(&bytes, v->name);
		buf_append_byte(&bytes, '\n');
	}
	if ((e = append_key(v, scheme, &bytes)) == ERR_OK) {
		digest_of(bytes.data + ecdsa, bytes.size - ecdsa, &digest);
		memcpy(id, digest.bytes, NOTE_KEY_ID_SIZE);
	}
	buf_free(&bytes);
	return e;
}

/* The other way than append_key; that the key has one form is for check_line. */
static enum err
read_key(struct view bytes, enum note_scheme *scheme, EVP_PKEY **out)
{
	*out = NULL;
	for (size_t i = 0; i < SCHEMES && *out == NULL; i++) {
		const size_t named = 1 + strlen(schemes[i].identifier);
		const unsigned char *key = bytes.data + named;

		if (bytes.size <= named || bytes.data[0] != schemes[i].type ||
		    memcmp(bytes.data + 1, schemes[i].identifier, named - 1) != 0)
			continue;
		*scheme = (enum note_scheme)i;
		if (i == NOTE_ED25519)
			*out = EVP_PKEY_new_raw_public_key(
			    EVP_PKEY_ED25519, NULL, key, bytes.size - named);
		else
			*out = d2i_PUBKEY(NULL, &key, (long)(bytes.size - named));
	}
	ERR_clear_error();
	return *out != NULL ? ERR_OK : ERR_UNSUPPORTED;
}

/* Written again it is the line, or another key's ID stands in it, or another form of the key. */
static enum err
check_line(const struct note_verifier *v, struct view line)
{
	const size_t at = strlen(v->name) + 1;
	struct buf again = BUF_INIT;
	enum err e = note_verifier_write(v, &again);

	if (e == ERR_OK && !view_equal(buf_view(&again), line)) {
		const bool same_key =
		    again.size == line.size &&
		    memcmp(again.data + at + HEX_ID_SIZE, line.data + at + HEX_ID_SIZE,
			line.size - at - HEX_ID_SIZE) == 0;

		e = same_key ? ERR_MISMATCH : ERR_FORMAT;
	}
	buf_free(&again);
	return e;
}

/* In its one DER form, and with the lower s. */
static bool
ecdsa_is_canonical(struct view der, struct view order)
{
	const unsigned char *bytes = der.data;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &bytes, (long)der.size);
	BIGNUM *half = half_of(order);
	unsigned char *again = NULL;
	int size = signature != NULL ? i2d_ECDSA_SIG(signature, &again) : -1;
	bool canonical = size > 0 && half != NULL &&
			 view_equal(der, (struct view){again, (size_t)size}) &&
			 BN_cmp(ECDSA_SIG_get0_s(signature), half) <= 0;

	OPENSSL_free(again);
	ECDSA_SIG_free(signature);
	BN_free(half);
	ERR_clear_error();
	return canonical;
}

/* Rounded down: orders are odd. NULL without memory. */
static BIGNUM *
half_of(struct view order)
{
	BIGNUM *half = BN_bin2bn(order.data, (int)order.size, NULL);

	if (half != NULL && BN_rshift1(half, half) != 1) {
		BN_free(half);
		half = NULL;
	}
	return half;
}

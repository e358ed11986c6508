#include "pkcs11/serve/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "pkcs11/token/certificate.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define NUMBER_SIZE_MAX 512 /* bytes: RSA-4096 */

static enum err append_key(const STACK_OF(X509) * chain, const char *alg, struct buf *to);
static enum err append_members(EVP_PKEY *key, struct buf *to);
static enum err append_number(EVP_PKEY *key, const char *parameter, size_t size, struct buf *to);
static enum err append_thumbprint(EVP_PKEY *key, struct buf *to);
static bool is_ec(EVP_PKEY *key);

enum err
jws_append_header(EVP_PKEY *key, const char *alg, struct buf *to)
{
	struct buf header = BUF_INIT;
	enum err e;

	buf_append_format(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"", alg);
	if ((e = append_thumbprint(key, &header)) == ERR_OK) {
		buf_append_string(&header, "\"}");
		base64url_append(to, buf_view(&header));
		buf_append_byte(to, '.');
		e = buf_status(&header) == ERR_OK ? buf_status(to) : ERR_MEMORY;
	}
	buf_free(&header);
	return e;
}

void
jws_append_payload(struct view payload, struct buf *to)
{
	base64url_append(to, payload);
}

void
jws_append_signature(struct view signature, struct buf *to)
{
	buf_append_byte(to, '.');
	base64url_append(to, signature);
}

enum err
jws_append_key_set(const struct jws_key *keys, size_t count, struct buf *to)
{
	enum err e = ERR_OK;

	buf_append_string(to, "{\"keys\":[");
	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		buf_append_string(to, i > 0 ? "," : "");
		e = append_key(keys[i].chain, keys[i].alg, to);
	}
	buf_append_string(to, "]}\n");
	return e == ERR_OK ? buf_status(to) : e;
}

static enum err
append_key(const STACK_OF(X509) * chain, const char *alg, struct buf *to)
{
	EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, 0));
	struct buf der = BUF_INIT;
	enum err e;

	buf_append_byte(to, '{');
	if ((e = append_members(key, to)) != ERR_OK)
		return e;
	buf_append_format(to, ",\"alg\":\"%s\",\"use\":\"sig\",\"kid\":\"", alg);
	if ((e = append_thumbprint(key, to)) != ERR_OK)
		return e;
	buf_append_string(to, "\",\"x5c\":[");
	for (int i = 0; i < sk_X509_num(chain) && e == ERR_OK; i++) {
		buf_clear(&der);
		e = certificate_append_der(sk_X509_value(chain, i), &der);
		buf_append_string(to, i == 0 ? "\"" : ",\"");
		base64_append(to, buf_view(&der));
		buf_append_byte(to, '"');
	}
	buf_append_string(to, "]}");
	buf_free(&der);
	return e;
}

/* The required members in lexicographic order: also what the thumbprint is over (RFC 7638, 3.2). */
static enum err
append_members(EVP_PKEY *key, struct buf *to)
{
	const int bits = EVP_PKEY_get_bits(key);
	enum err e;

	if (is_ec(key)) {
		buf_append_format(to, "\"crv\":\"P-%d\",\"kty\":\"EC\",\"x\":\"", bits);
		e = append_number(key, OSSL_PKEY_PARAM_EC_PUB_X, (size_t)bits / 8, to);
		buf_append_string(to, "\",\"y\":\"");
		if (e == ERR_OK)
			e = append_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, (size_t)bits / 8, to);
	} else {
		buf_append_string(to, "\"e\":\"");
		e = append_number(key, OSSL_PKEY_PARAM_RSA_E, 0, to);
		buf_append_string(to, "\",\"kty\":\"RSA\",\"n\":\"");
		if (e == ERR_OK)
			e = append_number(key, OSSL_PKEY_PARAM_RSA_N, 0, to);
	}
	buf_append_byte(to, '"');
	return e == ERR_OK ? buf_status(to) : e;
}

/* Big-endian in `size` bytes; 0: as few as it takes (RFC 7518, 6.2.1.2 and 6.3.1). */
static enum err
append_number(EVP_PKEY *key, const char *parameter, size_t size, struct buf *to)
{
	uint8_t bytes[NUMBER_SIZE_MAX];
	BIGNUM *number = NULL;
	enum err e = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(key, parameter, &number) == 1) {
		if (size == 0)
			size = (size_t)BN_num_bytes(number);
		if (size <= sizeof(bytes) && BN_bn2binpad(number, bytes, (int)size) == (int)size) {
			base64url_append(to, (struct view){bytes, size});
			e = ERR_OK;
		}
	}
	BN_free(number);
	return e;
}

static enum err
append_thumbprint(EVP_PKEY *key, struct buf *to)
{
	struct buf text = BUF_INIT;
	struct digest digest;
	enum err e;

	buf_append_byte(&text, '{');
	if ((e = append_members(key, &text)) == ERR_OK) {
		buf_append_byte(&text, '}');
		digest_of(text.data, text.size, &digest);
		base64url_append(to, (struct view){digest.bytes, DIGEST_SIZE});
	}
	buf_free(&text);
	return e;
}

static bool
is_ec(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "EC") == 1;
}

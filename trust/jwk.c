#include "trust/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "proto/encoding.h"

#define NUMBER_SIZE_MAX 512 /* bytes: RSA-4096 */

static enum err append_number(EVP_PKEY *key, const char *parameter, size_t size, struct buf *to);
static enum err append_raw(EVP_PKEY *key, struct buf *to);

enum err
jwk_append_members(EVP_PKEY *key, struct buf *to)
{
	const int bits = EVP_PKEY_get_bits(key);
	enum err e;

	if (EVP_PKEY_is_a(key, "EC") == 1) {
		buf_append_format(to, "\"crv\":\"P-%d\",\"kty\":\"EC\",\"x\":\"", bits);
		e = append_number(key, OSSL_PKEY_PARAM_EC_PUB_X, ((size_t)bits + 7) / 8, to);
		buf_append_string(to, "\",\"y\":\"");
		if (e == ERR_OK)
			e = append_number(
			    key, OSSL_PKEY_PARAM_EC_PUB_Y, ((size_t)bits + 7) / 8, to);
	} else if (EVP_PKEY_is_a(key, "ED25519") == 1) {
		buf_append_string(to, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
		e = append_raw(key, to);
	} else if (EVP_PKEY_is_a(key, "RSA") == 1) {
		buf_append_string(to, "\"e\":\"");
		e = append_number(key, OSSL_PKEY_PARAM_RSA_E, 0, to);
		buf_append_string(to, "\",\"kty\":\"RSA\",\"n\":\"");
		if (e == ERR_OK)
			e = append_number(key, OSSL_PKEY_PARAM_RSA_N, 0, to);
	} else {
		return ERR_UNSUPPORTED;
	}
	buf_append_byte(to, '"');
	return e == ERR_OK ? buf_status(to) : e;
}

enum err
jwk_thumbprint(EVP_PKEY *key, struct digest *out)
{
	struct buf text = BUF_INIT;
	enum err e;

	buf_append_byte(&text, '{');
	if ((e = jwk_append_members(key, &text)) == ERR_OK) {
		buf_append_byte(&text, '}');
		if ((e = buf_status(&text)) == ERR_OK)
			digest_of(text.data, text.size, out);
	}
	buf_free(&text);
	return e;
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
append_raw(EVP_PKEY *key, struct buf *to)
{
	uint8_t bytes[32];
	size_t size = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(key, bytes, &size) != 1)
		return ERR_CRYPTO;
	base64url_append(to, (struct view){bytes, size});
	return ERR_OK;
}

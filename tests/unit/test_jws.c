#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "pkcs11/serve/jws.h"
#include "proto/digest.h"
#include "proto/encoding.h"

/* RFC 7515, appendix A.3: the key of the ES256 example. */
#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

/* RFC 7638, section 3.1: an RSA key and its thumbprint. */
#define N                                                                                          \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSo"    \
	"c_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ"  \
	"R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFT"  \
	"WhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define N_THUMBPRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *
ec_key(void)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	struct buf point = BUF_INIT;
	EVP_PKEY *key;

	buf_append_byte(&point, 0x04);
	assert_int_equal(base64url_decode(VIEW_LITERAL(X), &point), ERR_OK);
	assert_int_equal(base64url_decode(VIEW_LITERAL(Y), &point), ERR_OK);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size);
	key = make_key("EC", build);
	buf_free(&point);
	return key;
}

static EVP_PKEY *
rsa_key(void)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	struct buf modulus = BUF_INIT;
	BIGNUM *n, *e = BN_new();
	EVP_PKEY *key;

	assert_int_equal(base64url_decode(VIEW_LITERAL(N), &modulus), ERR_OK);
	n = BN_bin2bn(modulus.data, (int)modulus.size, NULL);
	BN_set_word(e, 65537);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	key = make_key("RSA", build);
	BN_free(n);
	BN_free(e);
	buf_free(&modulus);
	return key;
}

/* A certificate of that key, by another one: only its bytes matter here. */
static X509 *
certificate_of(EVP_PKEY *key)
{
	EVP_PKEY *issuer = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, issuer, EVP_sha256()) > 0);
	EVP_PKEY_free(issuer);
	return x;
}

static const char *
alg_of(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC"))
		return "RS256";
	return EVP_PKEY_get_bits(key) == 256 ? "ES256" : "ES384";
}

/* The header of a JWS for `key`, parsed; the caller frees it. */
static json_t *
header_of(EVP_PKEY *key, struct view payload, char text[512])
{
	struct buf input = BUF_INIT, header = BUF_INIT, again = BUF_INIT;
	const uint8_t *dot;
	json_t *json;

	assert_int_equal(jws_append_header(key, alg_of(key), &input), ERR_OK);
	jws_append_payload(payload, &input);
	dot = memchr(input.data, '.', input.size);
	assert_non_null(dot);
	assert_int_equal(
	    base64url_decode((struct view){input.data, (size_t)(dot - input.data)}, &header),
	    ERR_OK);
	assert_int_equal(
	    base64url_decode(
		(struct view){dot + 1, input.size - (size_t)(dot + 1 - input.data)}, &again),
	    ERR_OK);
	assert_true(view_equal(buf_view(&again), payload));
	assert_true(header.size < 512);
	memcpy(text, header.data, header.size);
	text[header.size] = '\0';
	json = json_loadb((char *)header.data, header.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	buf_free(&input);
	buf_free(&header);
	buf_free(&again);
	return json;
}

static const char *
member(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	assert_non_null(value);
	return value;
}

static void
a_p256_header_names_algorithm_and_key(void **state)
{
	static const char start[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"";
	EVP_PKEY *key = ec_key();
	char text[512];
	json_t *header = header_of(key, VIEW_LITERAL("{}"), text);

	(void)state;
	assert_string_equal(member(header, "alg"), "ES256");
	assert_string_equal(member(header, "typ"), "JWT");
	assert_int_equal(strlen(member(header, "kid")), 43);
	assert_int_equal(json_object_size(header), 3);
	assert_memory_equal(text, start, sizeof(start) - 1);
	json_decref(header);
	EVP_PKEY_free(key);
}

/* RFC 7638, 3: SHA-256 over the required members in order, without blanks. */
static void
the_thumbprint_of_a_p256_key_is_of_its_members(void **state)
{
	static const char canonical[] =
	    "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y "\"}";
	EVP_PKEY *key = ec_key();
	char text[512];
	json_t *header = header_of(key, VIEW_LITERAL("{}"), text);
	struct buf expected = BUF_INIT;
	struct digest digest;

	(void)state;
	digest_of(canonical, sizeof(canonical) - 1, &digest);
	base64url_append(&expected, (struct view){digest.bytes, DIGEST_SIZE});
	buf_append_byte(&expected, 0);
	assert_string_equal(member(header, "kid"), (char *)expected.data);
	buf_free(&expected);
	json_decref(header);
	EVP_PKEY_free(key);
}

static void
the_thumbprint_of_an_rsa_key_is_the_published_one(void **state)
{
	EVP_PKEY *key = rsa_key();
	char text[512];
	json_t *header = header_of(key, VIEW_LITERAL("{}"), text);

	(void)state;
	assert_string_equal(member(header, "alg"), "RS256");
	assert_string_equal(member(header, "kid"), N_THUMBPRINT);
	json_decref(header);
	EVP_PKEY_free(key);
}

static void
the_payload_is_the_report_byte_for_byte(void **state)
{
	EVP_PKEY *key = ec_key();
	uint8_t every_byte[256];
	char text[512];

	(void)state;
	for (unsigned i = 0; i < sizeof(every_byte); i++)
		every_byte[i] = (uint8_t)i;
	for (size_t size = 0; size <= sizeof(every_byte); size++)
		json_decref(header_of(key, (struct view){every_byte, size}, text));
	EVP_PKEY_free(key);
}

/* RFC 7515, appendix A.3: signing input and signature of the example, in its compact form. */
static void
a_signature_is_the_third_part(void **state)
{
	static const uint8_t signature[] = {14, 209, 33, 83, 121, 99, 108, 72, 60, 47, 127, 21, 88,
	    7, 212, 2, 163, 178, 40, 3, 58, 249, 124, 126, 23, 129, 154, 195, 22, 158, 166, 101,
	    197, 10, 7, 211, 140, 60, 112, 229, 216, 241, 45, 175, 8, 74, 84, 128, 166, 101, 144,
	    197, 242, 147, 80, 154, 143, 63, 127, 138, 131, 163, 84, 213};
	struct buf jws = BUF_INIT;

	(void)state;
	buf_append_string(&jws, "head.body");
	jws_append_signature((struct view){signature, sizeof(signature)}, &jws);
	assert_true(view_equal(buf_view(&jws),
	    VIEW_LITERAL(
		"head.body.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
		"pmWQxfKTUJqPP3-Kg6NU1Q")));
	buf_free(&jws);
}

static json_t *
key_set_of(EVP_PKEY *key, int certificates)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct buf text = BUF_INIT;
	json_t *json;

	for (int i = 0; i < certificates; i++)
		sk_X509_push(chain, certificate_of(key));
	assert_int_equal(
	    jws_append_key_set(&(struct jws_key){chain, alg_of(key)}, 1, &text), ERR_OK);
	json = json_loadb((char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	sk_X509_pop_free(chain, X509_free);
	buf_free(&text);
	return json;
}

static void
a_p256_key_set_has_what_verifiers_need(void **state)
{
	EVP_PKEY *key = ec_key();
	json_t *set = key_set_of(key, 1);
	const json_t *jwk = json_array_get(json_object_get(set, "keys"), 0);

	(void)state;
	assert_int_equal(json_object_size(set), 1);
	assert_string_equal(member(jwk, "kty"), "EC");
	assert_string_equal(member(jwk, "crv"), "P-256");
	assert_string_equal(member(jwk, "x"), X);
	assert_string_equal(member(jwk, "y"), Y);
	assert_string_equal(member(jwk, "alg"), "ES256");
	assert_string_equal(member(jwk, "use"), "sig");
	assert_int_equal(strlen(member(jwk, "kid")), 43);
	assert_int_equal(json_array_size(json_object_get(jwk, "x5c")), 1);
	json_decref(set);
	EVP_PKEY_free(key);
}

/* RFC 7518, 6.2.1.2: as many bytes as the curve has, leading zeros too. */
static void
a_p384_key_set_has_coordinates_of_48_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-384");
		json_t *set = key_set_of(key, 1);
		const json_t *jwk = json_array_get(json_object_get(set, "keys"), 0);

		assert_string_equal(member(jwk, "crv"), "P-384");
		assert_string_equal(member(jwk, "alg"), "ES384");
		assert_int_equal(strlen(member(jwk, "x")), 64);
		assert_int_equal(strlen(member(jwk, "y")), 64);
		json_decref(set);
		EVP_PKEY_free(key);
	}
}

static void
an_rsa_key_set_has_what_verifiers_need(void **state)
{
	EVP_PKEY *key = rsa_key();
	json_t *set = key_set_of(key, 1);
	const json_t *jwk = json_array_get(json_object_get(set, "keys"), 0);

	(void)state;
	assert_string_equal(member(jwk, "kty"), "RSA");
	assert_string_equal(member(jwk, "n"), N);
	assert_string_equal(member(jwk, "e"), "AQAB");
	assert_string_equal(member(jwk, "alg"), "RS256");
	assert_string_equal(member(jwk, "kid"), N_THUMBPRINT);
	json_decref(set);
	EVP_PKEY_free(key);
}

static void
a_key_set_carries_the_whole_chain_as_der(void **state)
{
	EVP_PKEY *key = ec_key();
	json_t *set = key_set_of(key, 3);
	const json_t *x5c = json_object_get(json_array_get(json_object_get(set, "keys"), 0), "x5c");

	(void)state;
	assert_int_equal(json_array_size(x5c), 3);
	for (size_t i = 0; i < 3; i++) {
		struct buf der = BUF_INIT;
		const unsigned char *bytes;
		X509 *x;

		assert_int_equal(
		    base64_decode(view_of_string(json_string_value(json_array_get(x5c, i))), &der),
		    ERR_OK);
		bytes = der.data;
		x = d2i_X509(NULL, &bytes, (long)der.size);
		assert_non_null(x);
		assert_ptr_equal(bytes, der.data + der.size);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), key), 1);
		X509_free(x);
		buf_free(&der);
	}
	json_decref(set);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_p256_header_names_algorithm_and_key),
	    cmocka_unit_test(the_thumbprint_of_a_p256_key_is_of_its_members),
	    cmocka_unit_test(the_thumbprint_of_an_rsa_key_is_the_published_one),
	    cmocka_unit_test(the_payload_is_the_report_byte_for_byte),
	    cmocka_unit_test(a_signature_is_the_third_part),
	    cmocka_unit_test(a_p256_key_set_has_what_verifiers_need),
	    cmocka_unit_test(a_p384_key_set_has_coordinates_of_48_bytes),
	    cmocka_unit_test(an_rsa_key_set_has_what_verifiers_need),
	    cmocka_unit_test(a_key_set_carries_the_whole_chain_as_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

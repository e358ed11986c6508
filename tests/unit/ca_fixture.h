/*
 * For tests: certificates of CAs, made when they are needed, in PEM. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_CA_FIXTURE_H
#define HALLMARK_TESTS_UNIT_CA_FIXTURE_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "proto/bytes.h"
#include "proto/digest.h"

/* Appends a certificate of a new key, self-signed; `digest`, if not NULL, is of its DER. */
static inline void
ca_append_pem(const char *name, struct buf *to, struct digest *digest)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *text;
	int size;

	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			     (const unsigned char *)name, -1, -1, 0),
	    1);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	size = (int)BIO_get_mem_data(bio, &text);
	buf_append(to, text, (size_t)size);
	if (digest != NULL) {
		size = i2d_X509(x, &der);
		assert_true(size > 0);
		digest_of(der, (size_t)size, digest);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

#endif

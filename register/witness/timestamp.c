#include "register/witness/timestamp.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/digest.h"
#include "trust/crypto_reason.h"

/* Nobody meets the nonce of another query by chance; some authorities take no more than 64 bits. */
#define NONCE_SIZE 8 /* bytes */

struct timestamp_trust {
	X509_STORE *store;
};

struct timestamp_query {
	TS_REQ *request;
};

static bool set_imprint(TS_REQ *request, struct view bytes);
static bool set_nonce(TS_REQ *request);
static TS_VERIFY_CTX *expect(const struct timestamp_query *q, const struct timestamp_trust *t);

enum err
timestamp_trust_load(const char *ca, struct timestamp_trust **out)
{
	struct timestamp_trust *t = calloc(1, sizeof(*t));
	enum err e = ERR_OK;

	*out = NULL;
	if (t == NULL || (t->store = X509_STORE_new()) == NULL)
		e = ERR_MEMORY;
	else if (X509_STORE_load_file(t->store, ca) != 1)
		e = ERR_CONFIG;
	ERR_clear_error();
	if (e != ERR_OK)
		timestamp_trust_free(&t);
	*out = t;
	return e;
}

void
timestamp_trust_free(struct timestamp_trust **t)
{
	if (*t == NULL)
		return;
	X509_STORE_free((*t)->store);
	free(*t);
	*t = NULL;
}

enum err
timestamp_query_new(struct view bytes, struct timestamp_query **out)
{
	struct timestamp_query *q = calloc(1, sizeof(*q));
	enum err e = ERR_OK;

	*out = NULL;
	if (q == NULL || (q->request = TS_REQ_new()) == NULL)
		e = ERR_MEMORY;
	/* With its certificate: who checks the reply one day has nothing else to find it by. */
	else if (TS_REQ_set_version(q->request, 1) != 1 || !set_imprint(q->request, bytes) ||
		 !set_nonce(q->request) || TS_REQ_set_cert_req(q->request, 1) != 1)
		e = ERR_CRYPTO;
	ERR_clear_error();
	if (e != ERR_OK)
		timestamp_query_free(&q);
	*out = q;
	return e;
}

void
timestamp_query_free(struct timestamp_query **q)
{
	if (*q == NULL)
		return;
	TS_REQ_free((*q)->request);
	free(*q);
	*q = NULL;
}

enum err
timestamp_query_write(const struct timestamp_query *q, struct buf *to)
{
	unsigned char *der = NULL;
	const int size = i2d_TS_REQ(q->request, &der);

	if (size <= 0)
		return ERR_CRYPTO;
	buf_append(to, der, (size_t)size);
	OPENSSL_free(der);
	return buf_status(to);
}

enum err
timestamp_check(const struct timestamp_query *q, const struct timestamp_trust *t, struct view reply,
    char why[TIMESTAMP_WHY_SIZE])
{
	const unsigned char *at = reply.data;
	TS_VERIFY_CTX *expected = NULL;
	TS_RESP *response = NULL;
	const char *reason = NULL;
	enum err e = ERR_OK;

	ERR_clear_error();
	if (reply.size > TIMESTAMP_SIZE_MAX) {
		e = ERR_FORMAT_SIZE;
		reason = "it is too long";
	} else if ((response = d2i_TS_RESP(NULL, &at, (long)reply.size)) == NULL) {
		e = ERR_FORMAT;
		reason = "it is no reply of RFC 3161";
	} else if (at != reply.data + reply.size) {
		e = ERR_FORMAT;
		reason = "bytes follow its end";
	} else if ((expected = expect(q, t)) == NULL) {
		e = ERR_MEMORY;
	} else if (TS_RESP_verify_response(expected, response) != 1) {
		e = ERR_SIGNATURE;
		reason = crypto_reason();
	}
	(void)snprintf(why, TIMESTAMP_WHY_SIZE, "%s",
	    e == ERR_OK      ? ""
	    : reason != NULL ? reason
			     : err_text(e));
	TS_VERIFY_CTX_free(expected);
	TS_RESP_free(response);
	ERR_clear_error();
	return e;
}

static bool
set_imprint(TS_REQ *request, struct view bytes)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	unsigned char digest[DIGEST_SIZE];
	bool good = imprint != NULL && algorithm != NULL;

	if (good)
		X509_ALGOR_set_md(algorithm, EVP_sha256());
	good = good && EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha256(), NULL) == 1 &&
	       TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
	       TS_MSG_IMPRINT_set_msg(imprint, digest, DIGEST_SIZE) == 1 &&
	       TS_REQ_set_msg_imprint(request, imprint) == 1;
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return good;
}

static bool
set_nonce(TS_REQ *request)
{
	unsigned char bytes[NONCE_SIZE];
	BIGNUM *number = NULL;
	ASN1_INTEGER *nonce = NULL;
	const bool good = RAND_bytes(bytes, sizeof(bytes)) == 1 &&
			  (number = BN_bin2bn(bytes, sizeof(bytes), NULL)) != NULL &&
			  (nonce = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
			  TS_REQ_set_nonce(request, nonce) == 1;

	ASN1_INTEGER_free(nonce);
	BN_free(number);
	return good;
}

/* All that the query says, and the signature, which OpenSSL leaves out by itself. */
static TS_VERIFY_CTX *
expect(const struct timestamp_query *q, const struct timestamp_trust *t)
{
	TS_VERIFY_CTX *expected = TS_REQ_to_TS_VERIFY_CTX(q->request, NULL);

	if (expected == NULL)
		return NULL;
	if (X509_STORE_up_ref(t->store) != 1) {
		TS_VERIFY_CTX_free(expected);
		return NULL;
	}
	(void)TS_VERIFY_CTX_set_store(expected, t->store); /* takes it */
	(void)TS_VERIFY_CTX_add_flags(expected, TS_VFY_SIGNATURE);
	return expected;
}

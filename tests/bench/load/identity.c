#include "tests/bench/load/identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/load/fail.h"

#define DAY_S 86400 /* a run is over in minutes, and clocks agree: it is one clock */

struct identities {
	EVP_PKEY *key;
	unsigned count;
	X509 **certificate; /* of each; the first is everybody's if there is but one */
};

static X509 *read_certificate(const char *path);
static EVP_PKEY *read_key(const char *path);
static X509 *mint(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, unsigned number);
static bool add_extension(X509 *x, int nid, const char *value);

struct identities *
identities_new(const struct options *o)
{
	struct identities *i = calloc(1, sizeof(*i));
	EVP_PKEY *ca_key = NULL;
	X509 *ca = NULL;

	if (i == NULL)
		fail("memory");
	i->key = read_key(o->key);
	i->count = o->ca_key != NULL ? o->connections : 1;
	if ((i->certificate = calloc(i->count, sizeof(X509 *))) == NULL)
		fail("memory");
	if (o->ca_key == NULL) {
		i->certificate[0] = read_certificate(o->cert);
		return i;
	}
	ca = read_certificate(o->ca);
	ca_key = read_key(o->ca_key);
	for (unsigned n = 0; n < i->count; n++)
		i->certificate[n] = mint(ca, ca_key, i->key, n);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return i;
}

void
identities_free(struct identities **ip)
{
	struct identities *i = *ip;

	*ip = NULL;
	if (i == NULL)
		return;
	for (unsigned n = 0; n < i->count; n++)
		X509_free(i->certificate[n]);
	free(i->certificate);
	EVP_PKEY_free(i->key);
	free(i);
}

void
identities_apply(const struct identities *i, SSL *ssl, unsigned number)
{
	X509 *certificate = i->certificate[number % i->count];

	if (SSL_use_certificate(ssl, certificate) != 1 || SSL_use_PrivateKey(ssl, i->key) != 1)
		fail("a client certificate");
}

static X509 *
read_certificate(const char *path)
{
	FILE *file = fopen(path, "r");
	X509 *x = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (x == NULL)
		fail(path);
	fclose(file);
	return x;
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;

	if (key == NULL)
		fail(path);
	fclose(file);
	return key;
}

static X509 *
mint(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, unsigned number)
{
	X509_NAME *subject = X509_NAME_new();
	X509 *x = X509_new();
	char name[64], uri[96];

	snprintf(name, sizeof(name), "load-%u", number);
	snprintf(uri, sizeof(uri), "URI:spiffe://test/%s", name);
	if (subject == NULL || x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), number + 1ULL) != 1 ||
	    X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) != 1 ||
	    X509_set_subject_name(x, subject) != 1 ||
	    X509_set_issuer_name(x, X509_get_subject_name(ca)) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(x), DAY_S) == NULL || X509_set_pubkey(x, key) != 1 ||
	    !add_extension(x, NID_subject_alt_name, uri) ||
	    !add_extension(x, NID_ext_key_usage, "clientAuth") ||
	    X509_sign(x, ca_key, EVP_sha256()) <= 0)
		fail("making a certificate");
	X509_NAME_free(subject);
	return x;
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool added = e != NULL && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return added;
}

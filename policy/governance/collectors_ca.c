#include "policy/governance/collectors_ca.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

struct collectors_ca {
	size_t count;
	X509 *certificate[COLLECTORS_CA_COUNT_MAX];
	struct digest digest[COLLECTORS_CA_COUNT_MAX];
};

static bool read_all(struct collectors_ca *c, BIO *pem, const char *file, struct faults *faults);
static bool take(struct collectors_ca *c, const char *name, const unsigned char *der, long size,
    const char *file, struct faults *faults);

enum err
collectors_ca_parse(
    const char *file, struct view pem, struct faults *faults, struct collectors_ca **out)
{
	struct collectors_ca *c = calloc(1, sizeof(*c));
	BIO *bio = pem.size > 0 && pem.size <= COLLECTORS_CA_SIZE_MAX
		       ? BIO_new_mem_buf(pem.data, (int)pem.size)
		       : NULL;

	*out = NULL;
	if (c == NULL)
		abort();
	if (bio != NULL && read_all(c, bio, file, faults)) {
		*out = c;
		c = NULL; /* moved */
	} else if (bio == NULL) {
		faults_add(faults, file, 0,
		    "expected certificates of CAs in PEM, at most %d bytes; found %zu bytes",
		    COLLECTORS_CA_SIZE_MAX, pem.size);
	}
	BIO_free(bio);
	ERR_clear_error();
	collectors_ca_free(&c);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

void
collectors_ca_free(struct collectors_ca **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < (*c)->count; i++)
		X509_free((*c)->certificate[i]);
	free(*c);
	*c = NULL;
}

size_t
collectors_ca_count(const struct collectors_ca *c)
{
	return c->count;
}

X509 *
collectors_ca_at(const struct collectors_ca *c, size_t index)
{
	return c->certificate[index];
}

bool
collectors_ca_has(const struct collectors_ca *c, const struct digest *certificate)
{
	for (size_t i = 0; i < c->count; i++)
		if (digest_equal(&c->digest[i], certificate))
			return true;
	return false;
}

static bool
read_all(struct collectors_ca *c, BIO *pem, const char *file, struct faults *faults)
{
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	bool good = true;
	long size;

	while (good && PEM_read_bio(pem, &name, &header, &der, &size) == 1) {
		good = take(c, name, der, size, file, faults);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)size);
	}
	if (!good)
		return false;
	/* At its end it finds no line that begins something; a block that is cut is another error.
	 */
	if (c->count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		return true;
	faults_add(faults, file, 0, "expected certificates of CAs in PEM, found %s",
	    c->count > 0 ? "a block that cannot be read" : "none");
	return false;
}

static bool
take(struct collectors_ca *c, const char *name, const unsigned char *der, long size,
    const char *file, struct faults *faults)
{
	const unsigned char *p = der;
	X509 *certificate = NULL;

	if (strcmp(name, PEM_STRING_X509) != 0) {
		faults_add(faults, file, 0,
		    "expected certificates of CAs and nothing else, because this file is kept and "
		    "shown to auditors; found a block \"%s\"",
		    name);
		return false;
	}
	if (c->count == COLLECTORS_CA_COUNT_MAX) {
		faults_add(faults, file, 0, "expected at most %d certificates, found more",
		    COLLECTORS_CA_COUNT_MAX);
		return false;
	}
	certificate = d2i_X509(NULL, &p, size);
	if (certificate == NULL || p != der + size) {
		faults_add(faults, file, 0, "certificate %zu cannot be read", c->count + 1);
		X509_free(certificate);
		return false;
	}
	digest_of(der, (size_t)size, &c->digest[c->count]);
	c->certificate[c->count++] = certificate;
	return true;
}

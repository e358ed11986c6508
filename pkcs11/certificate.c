#include "pkcs11/certificate.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/complain.h"

enum err
certificate_read(const char *path, X509 **out)
{
	FILE *file = fopen(path, "re");

	*out = NULL;
	if (file == NULL) {
		complain(
		    "%s: cannot read the certificate: %s; make it with self-sign, or with csr and "
		    "import-cert",
		    path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	*out = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (*out == NULL || X509_get0_pubkey(*out) == NULL) {
		complain_crypto("%s: expected a certificate in PEM", path);
		X509_free(*out);
		*out = NULL;
		return ERR_FORMAT;
	}
	return ERR_OK;
}

enum err
certificate_check_key(const char *path, X509 *certificate, EVP_PKEY *key)
{
	struct buf ours = BUF_INIT, theirs = BUF_INIT;
	enum err e = certificate_append_spki(key, &ours);

	/* By their bytes: the key may be of another provider, whose comparison knows only its own.
	 */
	if (e == ERR_OK)
		e = certificate_append_spki(X509_get0_pubkey(certificate), &theirs);
	if (e == ERR_OK && !view_equal(buf_view(&ours), buf_view(&theirs))) {
		complain("%s: the certificate is of another key than the token's", path);
		e = ERR_KEY_MISMATCH;
	}
	buf_free(&ours);
	buf_free(&theirs);
	return e;
}

enum err
certificate_write(const char *path, X509 *certificate)
{
	char temporary[PATH_MAX];
	bool good = false;
	FILE *file;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return ERR_IO;
	if ((file = fopen(temporary, "we")) != NULL) {
		good = PEM_write_X509(file, certificate) == 1 && fflush(file) == 0 &&
		       fsync(fileno(file)) == 0;
		good = fclose(file) == 0 && good;
	}
	if (good && rename(temporary, path) == 0)
		return ERR_OK;
	complain("%s: cannot write the certificate: %s", path, strerror(errno));
	return ERR_IO;
}

enum err
certificate_append_der(X509 *certificate, struct buf *to)
{
	unsigned char *der = NULL;
	int size = i2d_X509(certificate, &der);

	if (size <= 0)
		return ERR_CRYPTO;
	buf_append(to, der, (size_t)size);
	OPENSSL_free(der);
	return buf_status(to);
}

enum err
certificate_append_spki(EVP_PKEY *key, struct buf *to)
{
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);

	if (size <= 0)
		return ERR_CRYPTO;
	buf_append(to, der, (size_t)size);
	OPENSSL_free(der);
	return buf_status(to);
}

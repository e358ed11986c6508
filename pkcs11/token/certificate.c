#include "pkcs11/token/certificate.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "proto/utc.h"
#include "trust/certificate_text.h"

#define CHAIN_MAX 8 /* certificates in the file; PKIs are three or four deep */

static enum err read_all(FILE *file, STACK_OF(X509) * *out);

enum err
certificate_read(const char *path, X509 **out)
{
	STACK_OF(X509) * chain;
	enum err e = certificate_read_chain(path, &chain);

	*out = e == ERR_OK ? sk_X509_shift(chain) : NULL;
	certificate_free_chain(&chain);
	return e;
}

enum err
certificate_read_chain(const char *path, STACK_OF(X509) * *out)
{
	FILE *file = fopen(path, "re");
	enum err e;

	*out = NULL;
	if (file == NULL) {
		complain("%s: cannot read the certificate: %s; make it with self-sign, or with csr "
			 "and import-cert",
		    path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	e = read_all(file, out);
	fclose(file);
	if (e != ERR_OK) {
		complain_crypto("%s: expected certificates in PEM, at most %d, of %d bytes in all "
				"(from DER: openssl x509 -inform DER -in FILE; from PKCS#7: "
				"openssl pkcs7 -print_certs -in FILE)",
		    path, CHAIN_MAX, CERTIFICATE_CHAIN_BYTES_MAX);
		certificate_free_chain(out);
	}
	ERR_clear_error();
	return e;
}

void
certificate_free_chain(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
	*chain = NULL;
}

enum err
certificate_check_order(const char *path, const STACK_OF(X509) * chain)
{
	char issuer[CERTIFICATE_NAME_SIZE], issued[CERTIFICATE_NAME_SIZE];

	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i - 1), *by = sk_X509_value(chain, i);

		if (X509_check_issued(by, x) == X509_V_OK && X509_check_ca(by) > 0 &&
		    X509_verify(x, X509_get0_pubkey(by)) == 1)
			continue;
		ERR_clear_error();
		complain(
		    "%s: certificate %d, of %s, is not that of the CA which issued certificate "
		    "%d, of %s: expected the key's own first, behind it the CA that issued it, "
		    "then the next, and no others; put them in that order, and the one there that "
		    "is missing",
		    path, i + 1, certificate_name(X509_get_subject_name(by), issuer), i,
		    certificate_name(X509_get_subject_name(x), issued));
		return ERR_MISMATCH;
	}
	return ERR_OK;
}

bool
certificate_is_current(const char *path, const STACK_OF(X509) * chain)
{
	char name[CERTIFICATE_NAME_SIZE], date[UTC_TEXT_SIZE];

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		const bool begun = X509_cmp_current_time(X509_get0_notBefore(x)) <= 0;
		const bool over = X509_cmp_current_time(X509_get0_notAfter(x)) < 0;

		if (begun && !over)
			continue;
		(void)certificate_name(X509_get_subject_name(x), name);
		if (!begun)
			complain("%s: the certificate of %s is not valid yet, before %s: wait, or "
				 "set the clock",
			    path, name, utc_text_asn1(X509_get0_notBefore(x), date));
		else if (i == 0)
			complain("%s: the certificate has expired; make a new one for the same key "
				 "with self-sign, or with csr and import-cert (it ended %s)",
			    path, utc_text_asn1(X509_get0_notAfter(x), date));
		else
			complain("%s: the certificate of the CA %s has expired, %s; take the CA's "
				 "new one over, behind the key's, with import-cert",
			    path, name, utc_text_asn1(X509_get0_notAfter(x), date));
		return false;
	}
	return true;
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
		complain("%s: the certificate is of another key than the token's; the key's own is "
			 "made by "
			 "self-sign, or by csr and import-cert",
		    path);
		e = ERR_KEY_MISMATCH;
	}
	buf_free(&ours);
	buf_free(&theirs);
	return e;
}

enum err
certificate_write(const char *path, const STACK_OF(X509) * chain)
{
	char temporary[PATH_MAX];
	bool good = false;
	FILE *file;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return ERR_IO;
	if ((file = fopen(temporary, "we")) != NULL) {
		good = true;
		for (int i = 0; i < sk_X509_num(chain); i++)
			good = good && PEM_write_X509(file, sk_X509_value(chain, i)) == 1;
		good = good && fflush(file) == 0 && fsync(fileno(file)) == 0;
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

static enum err
read_all(FILE *file, STACK_OF(X509) * *out)
{
	int size = 0;
	X509 *x;

	if ((*out = sk_X509_new_null()) == NULL)
		return ERR_MEMORY;
	while ((x = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
		if (X509_get0_pubkey(x) == NULL || sk_X509_num(*out) == CHAIN_MAX ||
		    sk_X509_push(*out, x) <= 0) {
			X509_free(x);
			return ERR_FORMAT;
		}
		size += i2d_X509(x, NULL);
		if (size > CERTIFICATE_CHAIN_BYTES_MAX)
			return ERR_FORMAT;
	}
	/* The end of the file is the one good reason to stop. */
	return sk_X509_num(*out) > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
		   ? ERR_OK
		   : ERR_FORMAT;
}

#include "trust/validity.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#include "proto/evidence/identity.h"
#include "proto/utc.h"
#include "trust/certificate_text.h"

struct subject {
	const char *path;
	const char *key;
	struct faults *faults;
};

static void check_chain(
    const struct subject *s, const STACK_OF(X509_INFO) * file, enum validity_use use);
static void check_any(const struct subject *s, const STACK_OF(X509_INFO) * file);
static bool is_current(X509 *certificate);
static void fault_dates(const struct subject *s, X509 *certificate);

void
validity_check(const char *path, const char *key, enum validity_use use, struct faults *faults)
{
	const struct subject s = {path, key, faults};
	BIO *bio = path != NULL ? BIO_new_file(path, "r") : NULL;
	STACK_OF(X509_INFO) *file =
	    bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;

	if (use == VALIDITY_CLIENT || use == VALIDITY_SERVER)
		check_chain(&s, file, use);
	else
		check_any(&s, file);
	sk_X509_INFO_pop_free(file, X509_INFO_free);
	BIO_free(bio);
}

/* Each of them is shown to the peer. */
static void
check_chain(const struct subject *s, const STACK_OF(X509_INFO) * file, enum validity_use use)
{
	const int purpose =
	    use == VALIDITY_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
	char identity[IDENTITY_SIZE_MAX + 1];
	bool own = true; /* the first */

	for (int i = 0; i < sk_X509_INFO_num(file); i++) {
		X509 *x = sk_X509_INFO_value(file, i)->x509;

		if (x == NULL)
			continue;
		if (!is_current(x))
			fault_dates(s, x);
		if (own && X509_check_purpose(x, purpose, 0) != 1)
			faults_add(s->faults, s->path, 0,
			    "%s: expected a certificate for TLS %ss, found one whose key usage "
			    "allows "
			    "others only; have it issued anew",
			    s->key, use == VALIDITY_CLIENT ? "client" : "server");
		if (own && use == VALIDITY_CLIENT && identity_of_certificate(x, identity) != ERR_OK)
			faults_add(s->faults, s->path, 0,
			    "%s: expected one URI (a scheme, a colon, a name), or else one DNS "
			    "name, in its subjectAltName, by which the signer knows this host, "
			    "found none, several, or one of another form; have it issued anew",
			    s->key);
		own = false;
	}
}

static void
check_any(const struct subject *s, const STACK_OF(X509_INFO) * file)
{
	X509 *x = NULL;

	for (int i = 0; i < sk_X509_INFO_num(file); i++) {
		if (sk_X509_INFO_value(file, i)->x509 == NULL)
			continue;
		x = sk_X509_INFO_value(file, i)->x509;
		if (is_current(x))
			return;
	}
	if (x != NULL)
		fault_dates(s, x);
}

static bool
is_current(X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

static void
fault_dates(const struct subject *s, X509 *certificate)
{
	char first[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE], text[CERTIFICATE_TEXT_SIZE];

	faults_add(s->faults, s->path, 0,
	    "%s: expected certificates that are valid now, found one for %s to %s: %s; renew it, "
	    "or set the clock",
	    s->key, utc_text_asn1(X509_get0_notBefore(certificate), first),
	    utc_text_asn1(X509_get0_notAfter(certificate), last),
	    certificate_text(certificate, text));
}

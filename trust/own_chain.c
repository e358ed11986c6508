#include "trust/own_chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/utc.h"
#include "trust/certificate_text.h"
#include "trust/crypto_reason.h"
#include "trust/pem_blocks.h"

struct reading {
	SSL_CTX *ctx;
	OSSL_LIB_CTX *library;
	bool own; /* has been taken: what follows is its chain */
	bool bad;
};

static bool take(void *context, const char *name, struct view der);
static bool is_issued_by_one(X509 *certificate, STACK_OF(X509) * chain);

enum err
own_chain_use(SSL_CTX *ctx, OSSL_LIB_CTX *library, struct view pem, const char **why)
{
	struct reading r = {ctx, library, false, false};

	*why = NULL;
	if (pem_blocks_each(pem, take, &r) == ERR_OK && r.own && !r.bad)
		return ERR_OK;
	if ((*why = crypto_reason()) == NULL)
		*why = r.own || r.bad ? "one that cannot be read" : "no certificate";
	return ERR_CONFIG;
}

bool
own_chain_is_sound(const SSL_CTX *ctx, char why[VERIFIER_REASON_SIZE])
{
	X509 *own = SSL_CTX_get0_certificate(ctx);
	const int64_t now_s = (int64_t)time(NULL);
	STACK_OF(X509) *chain = NULL;
	char text[CERTIFICATE_TEXT_SIZE], date[UTC_TEXT_SIZE];

	(void)certificate_text(own, text);
	if (now_s >= certificate_date_s(X509_get0_notAfter(own))) {
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s ended %s", text,
		    utc_text_asn1(X509_get0_notAfter(own), date));
		return false;
	}
	if (now_s < certificate_date_s(X509_get0_notBefore(own))) {
		(void)snprintf(why, VERIFIER_REASON_SIZE, "%s begins %s", text,
		    utc_text_asn1(X509_get0_notBefore(own), date));
		return false;
	}
	(void)SSL_CTX_get0_chain_certs((SSL_CTX *)(uintptr_t)ctx, &chain);
	if (sk_X509_num(chain) <= 0 || is_issued_by_one(own, chain))
		return true;
	(void)snprintf(why, VERIFIER_REASON_SIZE,
	    "%s is issued by none of the %d certificates behind it in the file", text,
	    sk_X509_num(chain));
	return false;
}

static bool
take(void *context, const char *name, struct view der)
{
	struct reading *r = context;
	const unsigned char *p = der.data;
	X509 *x;

	if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0 &&
	    strcmp(name, PEM_STRING_X509_TRUSTED) != 0)
		return true;
	x = X509_new_ex(r->library, NULL);
	r->bad = x == NULL || d2i_X509_AUX(&x, &p, (long)der.size) == NULL;
	if (!r->bad && !r->own) {
		r->bad = SSL_CTX_use_certificate(r->ctx, x) != 1;
		r->own = !r->bad;
	} else if (!r->bad) {
		r->bad = SSL_CTX_add1_chain_cert(r->ctx, x) != 1;
	}
	X509_free(x);
	return !r->bad;
}

static bool
is_issued_by_one(X509 *certificate, STACK_OF(X509) * chain)
{
	bool found = false;

	for (int i = 0; i < sk_X509_num(chain) && !found; i++) {
		X509 *issuer = sk_X509_value(chain, i);

		found = X509_check_issued(issuer, certificate) == X509_V_OK &&
			X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
	}
	ERR_clear_error();
	return found;
}

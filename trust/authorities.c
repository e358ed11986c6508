#include "trust/authorities.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "trust/certificate_text.h"
#include "trust/crypto_reason.h"
#include "trust/pem_blocks.h"

struct authorities {
	X509 **certificate; /* by name */
	size_t count, room;
};

struct reading {
	struct authorities *to;
	OSSL_LIB_CTX *library;
	size_t bad; /* the certificate that cannot be read, counted from 1; 0: none */
};

static bool take(void *context, const char *name, struct view der);
static X509 *decode(OSSL_LIB_CTX *library, struct view der);
static int by_name(const void *a, const void *b);
static bool is_valid(const X509 *certificate, int64_t now_s);

enum err
authorities_parse(const char *file, const char *key, struct view pem, OSSL_LIB_CTX *library,
    struct faults *faults, struct authorities **out)
{
	struct reading r = {calloc(1, sizeof(*r.to)), library, 0};
	enum err e;

	*out = NULL;
	if (r.to == NULL)
		return ERR_MEMORY;
	e = pem_blocks_each(pem, take, &r);
	if (e == ERR_OK && r.bad == 0 && r.to->count > 0) {
		qsort(r.to->certificate, r.to->count, sizeof(X509 *), by_name);
		*out = r.to;
		return ERR_OK;
	}
	if (e != ERR_MEMORY) {
		const char *reason = crypto_reason();

		if (reason == NULL)
			reason = "it cannot be read";
		if (r.to->count == 0 && r.bad == 0 && e == ERR_OK)
			faults_add(faults, file, 0,
			    "%s: expected PEM certificates of CAs, found none: %s", key, reason);
		else
			faults_add(faults, file, 0,
			    "%s: expected PEM certificates of CAs, found certificate %zu broken: "
			    "%s; is the file whole?",
			    key, r.to->count + 1, reason);
		e = ERR_CONFIG;
	}
	authorities_free(&r.to);
	return e;
}

void
authorities_free(struct authorities **a)
{
	if (*a == NULL)
		return;
	for (size_t i = 0; i < (*a)->count; i++)
		X509_free((*a)->certificate[i]);
	free((*a)->certificate);
	free(*a);
	*a = NULL;
}

size_t
authorities_count(const struct authorities *a)
{
	return a->count;
}

X509 *
authorities_at(const struct authorities *a, size_t index)
{
	return a->certificate[index];
}

X509 *
authorities_find_issuer(const struct authorities *a, X509 *certificate, int64_t now_s, X509 **over)
{
	size_t count;
	const size_t first = authorities_named(a, X509_get_issuer_name(certificate), &count);

	if (over != NULL)
		*over = NULL;
	for (size_t i = first; i < first + count; i++) {
		if (X509_check_issued(a->certificate[i], certificate) != X509_V_OK)
			continue;
		if (is_valid(a->certificate[i], now_s))
			return a->certificate[i];
		if (over != NULL)
			*over = a->certificate[i];
	}
	return NULL;
}

size_t
authorities_named(const struct authorities *a, const X509_NAME *name, size_t *count)
{
	size_t from = 0, to = a->count, end;

	while (from < to) { /* the first that is not before it */
		const size_t middle = from + (to - from) / 2;

		if (X509_NAME_cmp(X509_get_subject_name(a->certificate[middle]), name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (end = from;
	     end < a->count && X509_NAME_cmp(X509_get_subject_name(a->certificate[end]), name) == 0;
	     end++)
		;
	*count = end - from;
	return from;
}

bool
authorities_has_valid(const struct authorities *a, const X509_NAME *name, int64_t now_s)
{
	size_t count;
	const size_t first = authorities_named(a, name, &count);

	for (size_t i = first; i < first + count; i++)
		if (is_valid(a->certificate[i], now_s))
			return true;
	return false;
}

static bool
take(void *context, const char *name, struct view der)
{
	struct reading *r = context;
	struct authorities *a = r->to;
	X509 **more, *x;

	if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0 &&
	    strcmp(name, PEM_STRING_X509_TRUSTED) != 0)
		return true;
	if (a->count == a->room) {
		more = realloc(a->certificate, (a->room * 2 + 4) * sizeof(X509 *));
		if (more == NULL)
			return (r->bad = a->count + 1) == 0;
		a->certificate = more;
		a->room = a->room * 2 + 4;
	}
	if ((x = decode(r->library, der)) == NULL)
		return (r->bad = a->count + 1) == 0;
	a->certificate[a->count++] = x;
	return true;
}

/* With what OpenSSL may have added behind it: for what the certificate is not to be trusted. */
static X509 *
decode(OSSL_LIB_CTX *library, struct view der)
{
	const unsigned char *p = der.data;
	X509 *x = X509_new_ex(library, NULL);

	if (x != NULL && d2i_X509_AUX(&x, &p, (long)der.size) != NULL &&
	    X509_check_purpose(x, -1, 0) == 1) /* reads its extensions, here and not in a loop */
		return x;
	X509_free(x);
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	X509 *const *x = a, *const *y = b;

	return X509_NAME_cmp(X509_get_subject_name(*x), X509_get_subject_name(*y));
}

static bool
is_valid(const X509 *certificate, int64_t now_s)
{
	return certificate_date_s(X509_get0_notBefore(certificate)) <= now_s &&
	       now_s < certificate_date_s(X509_get0_notAfter(certificate));
}

#include "trust/revocations.h"

#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trust/certificate_text.h"
#include "trust/crypto_reason.h"
#include "trust/pem_blocks.h"

struct revocations {
	atomic_uint references;
	struct revocation_list **list; /* by their issuers' names */
	size_t count, room;
};

struct reading {
	struct revocations *to;
	int64_t now_s;
	const char *why; /* what is wrong with the list behind those that were taken */
};

static bool take(void *context, const char *name, struct view der);
static bool replaces(
    const struct revocation_list *one, const struct revocation_list *other, int64_t now_s);
static bool add(struct revocations *r, struct revocation_list *l);
static bool verify_all(const char *file, const char *key, const struct revocations *r,
    const struct authorities *a, struct faults *faults);
static int by_issuer(const void *a, const void *b);
static size_t find(const struct revocations *r, const X509_NAME *issuer);
static int check_by(
    struct revocation_list *l, X509 *certificate, const X509 *issuer, int64_t now_s);

enum err
revocations_parse(const char *file, const char *key, struct view bytes, const struct authorities *a,
    struct faults *faults, struct revocations **out)
{
	struct reading reading = {calloc(1, sizeof(*reading.to)), (int64_t)time(NULL), NULL};
	struct revocations *r = reading.to;
	enum err e;

	*out = NULL;
	if (r == NULL)
		return ERR_MEMORY;
	atomic_init(&r->references, 1);
	e = pem_or_der_each(bytes, PEM_STRING_X509_CRL, take, &reading);
	if (e == ERR_CONFIG && reading.why == NULL)
		reading.why = crypto_reason();
	if (reading.why != NULL || e != ERR_OK) {
		faults_add(faults, file, 0,
		    "%s: expected a revocation list in PEM or DER, found list %zu broken: %s; is "
		    "the file whole?",
		    key, r->count + 1, reading.why != NULL ? reading.why : err_text(e));
		e = ERR_CONFIG;
	} else if (r->count == 0) {
		faults_add(faults, file, 0,
		    "%s: expected a revocation list in PEM or DER, found none", key);
		e = ERR_CONFIG;
	} else {
		qsort(r->list, r->count, sizeof(*r->list), by_issuer);
		e = a == NULL || verify_all(file, key, r, a, faults) ? ERR_OK : ERR_CONFIG;
	}
	if (e == ERR_OK) {
		*out = r;
		r = NULL; /* moved */
	}
	revocations_release(&r);
	return e;
}

struct revocations *
revocations_hold(struct revocations *r)
{
	if (r != NULL)
		atomic_fetch_add(&r->references, 1);
	return r;
}

void
revocations_release(struct revocations **rp)
{
	struct revocations *r = *rp;

	*rp = NULL;
	if (r == NULL || atomic_fetch_sub(&r->references, 1) > 1)
		return;
	for (size_t i = 0; i < r->count; i++)
		revocation_list_free(&r->list[i]);
	free(r->list);
	free(r);
}

int
revocations_check(struct revocations *r, X509 *certificate, const X509 *issuer, int64_t now_s)
{
	const X509_NAME *name = X509_get_issuer_name(certificate);
	int verdict = X509_V_OK;

	if (r == NULL)
		return X509_V_OK;
	for (size_t i = find(r, name); verdict == X509_V_OK && i < r->count &&
				       X509_NAME_cmp(revocation_list_issuer(r->list[i]), name) == 0;
	     i++)
		verdict = check_by(r->list[i], certificate, issuer, now_s);
	return verdict;
}

size_t
revocations_count(const struct revocations *r)
{
	return r != NULL ? r->count : 0;
}

const struct revocation_list *
revocations_at(const struct revocations *r, size_t index)
{
	return r->list[index];
}

bool
revocations_has_list_of(const struct revocations *r, const X509_NAME *issuer)
{
	for (size_t i = find(r, issuer); i < r->count; i++) {
		if (X509_NAME_cmp(revocation_list_issuer(r->list[i]), issuer) != 0)
			return false;
		if (!revocation_list_is_delta(r->list[i]))
			return true;
	}
	return false;
}

static bool
take(void *context, const char *name, struct view der)
{
	struct reading *reading = context;
	struct revocations *r = reading->to;
	struct revocation_list *l, *other;

	if (strcmp(name, PEM_STRING_X509_CRL) != 0)
		return true;
	if (revocation_list_parse(der, &l, &reading->why) != ERR_OK) {
		if (reading->why == NULL)
			reading->why = err_text(ERR_MEMORY);
		return false;
	}
	for (size_t i = 0; i < r->count; i++) {
		if (!revocation_list_is_alike(r->list[i], l))
			continue;
		if (replaces(l, r->list[i], reading->now_s)) {
			other = r->list[i];
			r->list[i] = l;
			l = other;
		}
		revocation_list_free(&l);
		return true;
	}
	if (add(r, l))
		return true;
	revocation_list_free(&l);
	reading->why = err_text(ERR_MEMORY);
	return false;
}

/* The newer one that has begun; where none has, the one that begins first. */
static bool
replaces(const struct revocation_list *one, const struct revocation_list *other, int64_t now_s)
{
	const int64_t a = revocation_list_from_s(one), b = revocation_list_from_s(other);

	if ((a <= now_s) != (b <= now_s))
		return a <= now_s;
	return a <= now_s ? a > b : a < b;
}

static bool
add(struct revocations *r, struct revocation_list *l)
{
	struct revocation_list **more;

	if (r->count == r->room) {
		more = realloc(r->list, (r->room * 2 + 4) * sizeof(struct revocation_list *));
		if (more == NULL)
			return false;
		r->list = more;
		r->room = r->room * 2 + 4;
	}
	r->list[r->count++] = l;
	return true;
}

/* False, with faults, if there is a list whose CA is known and has not signed it. */
static bool
verify_all(const char *file, const char *key, const struct revocations *r,
    const struct authorities *a, struct faults *faults)
{
	char name[CERTIFICATE_NAME_SIZE];
	bool good = true;

	for (size_t i = 0; i < r->count; i++) {
		struct revocation_list *l = r->list[i];
		size_t count;
		const size_t first = authorities_named(a, revocation_list_issuer(l), &count);
		bool known = false, is_signed = false;

		for (size_t k = first; k < first + count && !is_signed; k++) {
			if (!revocation_list_is_by(l, authorities_at(a, k)))
				continue;
			known = true;
			is_signed = revocation_list_verify(l, authorities_at(a, k));
		}
		if (!known || is_signed)
			continue;
		faults_add(faults, file, 0,
		    "%s: expected lists that are signed by their CAs, found one of %s that the CA "
		    "of this name has not signed, or may not sign by its key usage",
		    key, certificate_name(revocation_list_issuer(l), name));
		good = false;
	}
	return good;
}

static int
by_issuer(const void *a, const void *b)
{
	struct revocation_list *const *x = a, *const *y = b;

	return X509_NAME_cmp(revocation_list_issuer(*x), revocation_list_issuer(*y));
}

/* The first of this issuer, or what stands where it would. */
static size_t
find(const struct revocations *r, const X509_NAME *issuer)
{
	size_t from = 0, to = r->count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (X509_NAME_cmp(revocation_list_issuer(r->list[middle]), issuer) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/*
 * What a list says of a certificate that has the list's issuer. Where the issuer's own certificate
 * is not at hand nothing can be verified: then only what is in the list counts. A CA that has got a
 * new key may sign by it a list of what it had issued before.
 */
static int
check_by(struct revocation_list *l, X509 *certificate, const X509 *issuer, int64_t now_s)
{
	const bool own = issuer == NULL || revocation_list_is_by(l, issuer);

	if (own && issuer != NULL && !revocation_list_verify(l, issuer))
		return X509_V_ERR_CRL_SIGNATURE_FAILURE;
	if (revocation_list_has(l, X509_get0_serialNumber(certificate), NULL))
		return X509_V_ERR_CERT_REVOKED;
	if (!own || !revocation_list_is_good(l))
		return X509_V_OK;
	if (revocation_list_from_s(l) <= now_s && now_s < revocation_list_to_s(l))
		return X509_V_OK;
	if (!revocation_list_covers(l, certificate))
		return X509_V_OK;
	return now_s < revocation_list_from_s(l) ? X509_V_ERR_CRL_NOT_YET_VALID
						 : X509_V_ERR_CRL_HAS_EXPIRED;
}

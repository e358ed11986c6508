#include "log/walk/vouching_trust.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "log/inputfile.h"

struct vouching_trust {
	STACK_OF(X509) * cas;
	STACK_OF(X509_CRL) * crls;
};

static enum outcome load(
    struct vouching_trust *t, const char *path, bool is_crl, const struct findings *f);
static bool take_cas(struct vouching_trust *t, struct view bytes);
static bool take_crls(struct vouching_trust *t, struct view bytes);
static enum vouching_chain better(const struct vouching_trust *t, X509 *ca, STACK_OF(X509) * chain,
    uint64_t at_s, enum vouching_chain best, struct vouching_found *out);
static enum vouching_chain check_one(const struct vouching_trust *t, X509 *ca,
    STACK_OF(X509) * chain, uint64_t at_s, struct vouching_found *out);
static enum vouching_chain verify(X509_STORE *store, STACK_OF(X509) * chain, uint64_t at_s,
    bool by_dates, STACK_OF(X509) * *built, struct vouching_found *out);
static void name_ca(STACK_OF(X509) * built, struct vouching_found *out);
static enum vouching_chain check_revoked(const struct vouching_trust *t, STACK_OF(X509) * built,
    uint64_t at_s, enum vouching_chain so_far, struct vouching_found *out);
static enum vouching_chain check_list(
    X509_CRL *crl, X509 *certificate, X509 *issuer, uint64_t at_s, struct vouching_found *out);

enum outcome
vouching_trust_load(const char *const *cas, size_t ca_count, const char *const *crls,
    size_t crl_count, const struct findings *f, struct vouching_trust **out)
{
	struct vouching_trust *t = calloc(1, sizeof(*t));
	enum outcome o = OUTCOME_GOOD;

	*out = t;
	if (t == NULL || (t->cas = sk_X509_new_null()) == NULL ||
	    (t->crls = sk_X509_CRL_new_null()) == NULL)
		return findings_step(f, "collectors", OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	for (size_t i = 0; i < ca_count && o == OUTCOME_GOOD; i++)
		o = load(t, cas[i], false, f);
	for (size_t i = 0; i < crl_count && o == OUTCOME_GOOD; i++)
		o = load(t, crls[i], true, f);
	return o;
}

void
vouching_trust_free(struct vouching_trust **t)
{
	if (*t == NULL)
		return;
	sk_X509_pop_free((*t)->cas, X509_free);
	sk_X509_CRL_pop_free((*t)->crls, X509_CRL_free);
	free(*t);
	*t = NULL;
}

bool
vouching_trust_has_cas(const struct vouching_trust *t)
{
	return t != NULL && sk_X509_num(t->cas) > 0;
}

/*
 * Each CA alone: of several of one name, as after a change of its key, OpenSSL tries only one. The
 * best that any of them says counts.
 */
enum vouching_chain
vouching_trust_check(const struct vouching_trust *t, const struct policy *policy,
    STACK_OF(X509) * chain, uint64_t at_s, struct vouching_found *out)
{
	enum vouching_chain best = VOUCHING_FOREIGN;

	*out = (struct vouching_found){.reason = "there is no CA"};
	for (int i = 0; policy == NULL && i < sk_X509_num(t->cas); i++)
		best = better(t, sk_X509_value(t->cas, i), chain, at_s, best, out);
	for (size_t i = 0; policy != NULL && i < policy_collectors_ca_count(policy); i++) {
		const struct collectors_ca *cas = policy_collectors_ca_at(policy, i);

		for (size_t k = 0; k < collectors_ca_count(cas); k++)
			best = better(t, collectors_ca_at(cas, k), chain, at_s, best, out);
	}
	ERR_clear_error();
	return best;
}

static enum outcome
load(struct vouching_trust *t, const char *path, bool is_crl, const struct findings *f)
{
	struct buf bytes = BUF_INIT;
	enum outcome o = OUTCOME_GOOD;
	enum err e = inputfile_read(AT_FDCWD, path, VOUCHING_FILE_SIZE_MAX, &bytes);

	if (e != ERR_OK)
		o = findings_step(
		    f, "collectors", OUTCOME_UNKNOWN, "%s: %s", path, inputfile_reason(e));
	else if (!(is_crl ? take_crls(t, buf_view(&bytes)) : take_cas(t, buf_view(&bytes))))
		o = findings_step(f, "collectors", OUTCOME_UNKNOWN,
		    is_crl ? "%s: expected a revocation list, in PEM or DER"
			   : "%s: expected certificates of CAs, in PEM or DER",
		    path);
	ERR_clear_error();
	buf_free(&bytes);
	return o;
}

/* All in a PEM file, or one in DER. */
static bool
take_cas(struct vouching_trust *t, struct view bytes)
{
	const unsigned char *p = bytes.data;
	BIO *bio = bytes.size > 0 ? BIO_new_mem_buf(bytes.data, (int)bytes.size) : NULL;
	const int before = sk_X509_num(t->cas);
	X509 *x509;

	while (bio != NULL &&
	       (x509 = PEM_read_bio_X509(bio, NULL, NULL, (void *)(uintptr_t) "")) != NULL)
		if (sk_X509_push(t->cas, x509) <= 0)
			X509_free(x509);
	if (bio != NULL && sk_X509_num(t->cas) == before &&
	    (x509 = d2i_X509(NULL, &p, (long)bytes.size)) != NULL &&
	    (p != bytes.data + bytes.size || sk_X509_push(t->cas, x509) <= 0))
		X509_free(x509);
	BIO_free(bio);
	return sk_X509_num(t->cas) > before;
}

static bool
take_crls(struct vouching_trust *t, struct view bytes)
{
	const unsigned char *p = bytes.data;
	BIO *bio = bytes.size > 0 ? BIO_new_mem_buf(bytes.data, (int)bytes.size) : NULL;
	const int before = sk_X509_CRL_num(t->crls);
	X509_CRL *crl;

	while (bio != NULL &&
	       (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, (void *)(uintptr_t) "")) != NULL)
		if (sk_X509_CRL_push(t->crls, crl) <= 0)
			X509_CRL_free(crl);
	if (bio != NULL && sk_X509_CRL_num(t->crls) == before &&
	    (crl = d2i_X509_CRL(NULL, &p, (long)bytes.size)) != NULL &&
	    (p != bytes.data + bytes.size || sk_X509_CRL_push(t->crls, crl) <= 0))
		X509_CRL_free(crl);
	BIO_free(bio);
	return sk_X509_CRL_num(t->crls) > before;
}

static enum vouching_chain
better(const struct vouching_trust *t, X509 *ca, STACK_OF(X509) * chain, uint64_t at_s,
    enum vouching_chain best, struct vouching_found *out)
{
	struct vouching_found found;
	enum vouching_chain one;

	if (best == VOUCHING_GOOD)
		return best;
	one = check_one(t, ca, chain, at_s, &found);
	if (one < best || out->ca_name[0] == '\0')
		*out = found;
	return one < best ? one : best;
}

/* It may be an issuing CA without its root. */
static enum vouching_chain
check_one(const struct vouching_trust *t, X509 *ca, STACK_OF(X509) * chain, uint64_t at_s,
    struct vouching_found *out)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *built = NULL;
	enum vouching_chain result = VOUCHING_UNKNOWN;

	*out = (struct vouching_found){.reason = err_text(ERR_MEMORY)};
	if (store != NULL && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_STORE_add_cert(store, ca) == 1)
		result = verify(store, chain, at_s, true, &built, out);
	/* Why it fails: whatever the time is, or at that time. */
	if (result == VOUCHING_FOREIGN) {
		const char *reason = out->reason;

		result = verify(store, chain, at_s, false, &built, out);
		if (result == VOUCHING_GOOD) {
			result = VOUCHING_DATES;
			out->reason = reason;
		}
	}
	if (built != NULL)
		name_ca(built, out);
	if (built != NULL && t != NULL)
		result = check_revoked(t, built, at_s, result, out);
	sk_X509_pop_free(built, X509_free);
	X509_STORE_free(store);
	return result;
}

/* As the signer takes a client, whose certificate may be for nothing else. */
static enum vouching_chain
verify(X509_STORE *store, STACK_OF(X509) * chain, uint64_t at_s, bool by_dates,
    STACK_OF(X509) * *built, struct vouching_found *out)
{
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	enum vouching_chain result = VOUCHING_UNKNOWN;

	if (check != NULL &&
	    X509_STORE_CTX_init(check, store, sk_X509_value(chain, 0), chain) == 1 &&
	    X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_CLIENT) == 1) {
		if (by_dates)
			X509_STORE_CTX_set_time(check, 0, (time_t)at_s);
		else
			X509_STORE_CTX_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
		result = X509_verify_cert(check) == 1 ? VOUCHING_GOOD : VOUCHING_FOREIGN;
		out->reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check));
		if (result == VOUCHING_GOOD && (*built = X509_STORE_CTX_get1_chain(check)) == NULL)
			result = VOUCHING_UNKNOWN;
	}
	X509_STORE_CTX_free(check);
	return result;
}

static void
name_ca(STACK_OF(X509) * built, struct vouching_found *out)
{
	X509 *ca = sk_X509_value(built, sk_X509_num(built) - 1);
	unsigned char *der = NULL;
	const int size = i2d_X509(ca, &der);
	BIO *name = BIO_new(BIO_s_mem());
	int got = 0;

	if (size > 0)
		digest_of(der, (size_t)size, &out->ca);
	if (name != NULL && X509_NAME_print_ex(name, X509_get_subject_name(ca), 0,
				XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		got = BIO_read(name, out->ca_name, VOUCHING_NAME_SIZE - 1);
	out->ca_name[got > 0 ? got : 0] = '\0';
	BIO_free(name);
	OPENSSL_free(der);
}

/* A list counts for what its issuer has issued, from the time on that it names for each. */
static enum vouching_chain
check_revoked(const struct vouching_trust *t, STACK_OF(X509) * built, uint64_t at_s,
    enum vouching_chain so_far, struct vouching_found *out)
{
	for (int i = 0; so_far != VOUCHING_REVOKED && i < sk_X509_num(built) - 1; i++)
		for (int k = 0; so_far != VOUCHING_REVOKED && k < sk_X509_CRL_num(t->crls); k++) {
			const enum vouching_chain one = check_list(sk_X509_CRL_value(t->crls, k),
			    sk_X509_value(built, i), sk_X509_value(built, i + 1), at_s, out);

			if (one > so_far)
				so_far = one;
		}
	return so_far;
}

static enum vouching_chain
check_list(
    X509_CRL *crl, X509 *certificate, X509 *issuer, uint64_t at_s, struct vouching_found *out)
{
	time_t at = (time_t)at_s;
	X509_REVOKED *entry = NULL;

	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0)
		return VOUCHING_GOOD;
	/* Another CA of this name, or somebody who would hide a revocation. */
	if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1) {
		out->reason = "a revocation list in its name is signed by another key";
		return VOUCHING_UNKNOWN;
	}
	if (X509_CRL_get0_by_cert(crl, &entry, certificate) != 1 ||
	    X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &at) > 0)
		return VOUCHING_GOOD;
	out->reason = "revoked before that";
	return VOUCHING_REVOKED;
}

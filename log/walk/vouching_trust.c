#include "log/walk/vouching_trust.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log/inputfile.h"
#include "trust/pem_blocks.h"
#include "trust/revocation_list.h"

/*
 * Bits of security of each key and signature on the way to a CA: what TLS demands of a collector
 * (proto/PROTOCOL.md, section 1). OpenSSL's level 2: RSA of 2,048 bits, curves of 224, no SHA-1.
 */
#define STRENGTH_LEVEL 2

struct vouching_trust {
	enum vouching_use use;
	STACK_OF(X509) * cas;
	struct revocation_list **list;
	size_t list_count;
};

/* One file. */
struct reading {
	struct vouching_trust *to;
	bool is_crl;
	size_t count;    /* that were taken */
	const char *why; /* what is wrong with the one behind these */
};

static enum outcome load(
    struct vouching_trust *t, const char *path, bool is_crl, const struct findings *f);
static const char *step_of(enum vouching_use use);
static bool take(void *context, const char *name, struct view der);
static bool take_ca(struct reading *r, const char *name, struct view der);
static bool take_list(struct reading *r, const char *name, struct view der);
static enum vouching_chain better(const struct vouching_trust *t, X509 *ca, STACK_OF(X509) * chain,
    uint64_t at_s, enum vouching_chain best, struct vouching_found *out);
static enum vouching_chain check_one(const struct vouching_trust *t, X509 *ca,
    STACK_OF(X509) * chain, uint64_t at_s, struct vouching_found *out);
static enum vouching_chain check_usage(X509 *x, struct vouching_found *out);
static enum vouching_chain verify(X509_STORE *store, enum vouching_use use, STACK_OF(X509) * chain,
    uint64_t at_s, bool strictly, STACK_OF(X509) * *built, struct vouching_found *out);
static void name_text(X509 *x, char to[VOUCHING_NAME_SIZE]);
static void name_ca(STACK_OF(X509) * built, struct vouching_found *out);
static enum vouching_chain check_revoked(const struct vouching_trust *t, STACK_OF(X509) * built,
    uint64_t at_s, enum vouching_chain so_far, struct vouching_found *out);
static enum vouching_chain check_list(enum vouching_use use, struct revocation_list *l,
    X509 *certificate, const X509 *issuer, uint64_t at_s, struct vouching_found *out);

enum outcome
vouching_trust_load(enum vouching_use use, const char *const *cas, size_t ca_count,
    const char *const *crls, size_t crl_count, const struct findings *f,
    struct vouching_trust **out)
{
	struct vouching_trust *t = calloc(1, sizeof(*t));
	enum outcome o = OUTCOME_GOOD;

	*out = t;
	if (t == NULL || (t->cas = sk_X509_new_null()) == NULL)
		return findings_step(f, step_of(use), OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	t->use = use;
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
	for (size_t i = 0; i < (*t)->list_count; i++)
		revocation_list_free(&(*t)->list[i]);
	free((*t)->list);
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

struct vouching_taken
vouching_taken_earlier(struct vouching_taken a, struct vouching_taken b)
{
	return !b.is || (a.is && a.since_s <= b.since_s) ? a : b;
}

/* All in a PEM file, or one in DER. What is broken is no shorter file. */
static enum outcome
load(struct vouching_trust *t, const char *path, bool is_crl, const struct findings *f)
{
	struct reading r = {.to = t, .is_crl = is_crl};
	struct buf bytes = BUF_INIT;
	enum outcome o = OUTCOME_GOOD;
	enum err e = inputfile_read(AT_FDCWD, path, VOUCHING_FILE_SIZE_MAX, &bytes);

	if (e != ERR_OK) {
		o = findings_step(
		    f, step_of(t->use), OUTCOME_UNKNOWN, "%s: %s", path, inputfile_reason(e));
		buf_free(&bytes);
		return o;
	}
	if (bytes.size == 0)
		r.why = "it is empty";
	else
		e = pem_or_der_each(
		    buf_view(&bytes), is_crl ? PEM_STRING_X509_CRL : PEM_STRING_X509, take, &r);
	if (e == ERR_CONFIG)
		r.why = "a block is cut off";
	else if (e != ERR_OK)
		r.why = err_text(e);
	else if (r.why == NULL && r.count == 0)
		r.why = "it cannot be read";
	if (r.why != NULL)
		o = findings_step(f, step_of(t->use), OUTCOME_UNKNOWN,
		    is_crl ? "%s: expected a revocation list, in PEM or DER; number %zu: %s"
			   : "%s: expected certificates of CAs, in PEM or DER; number %zu: %s",
		    path, r.count + 1, r.why);
	ERR_clear_error();
	buf_free(&bytes);
	return o;
}

static const char *
step_of(enum vouching_use use)
{
	return use == VOUCHING_LOG ? "ca" : "collectors";
}

static bool
take(void *context, const char *name, struct view der)
{
	struct reading *r = context;

	return r->is_crl ? take_list(r, name, der) : take_ca(r, name, der);
}

static bool
take_ca(struct reading *r, const char *name, struct view der)
{
	const unsigned char *p = der.data;
	X509 *x509;

	if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0 &&
	    strcmp(name, PEM_STRING_X509_TRUSTED) != 0)
		return true;
	x509 = d2i_X509_AUX(NULL, &p, (long)der.size);
	if (x509 != NULL && p == der.data + der.size && sk_X509_push(r->to->cas, x509) > 0) {
		r->count++;
		return true;
	}
	X509_free(x509);
	r->why = "it cannot be read";
	return false;
}

static bool
take_list(struct reading *r, const char *name, struct view der)
{
	struct vouching_trust *t = r->to;
	struct revocation_list **more;

	if (strcmp(name, PEM_STRING_X509_CRL) != 0)
		return true;
	more = reallocarray(t->list, t->list_count + 1, sizeof(struct revocation_list *));
	if (more != NULL)
		t->list = more;
	if (more != NULL &&
	    revocation_list_parse(der, &t->list[t->list_count], &r->why) == ERR_OK) {
		t->list_count++;
		r->count++;
		return true;
	}
	if (r->why == NULL)
		r->why = err_text(ERR_MEMORY);
	return false;
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
	found.taken = vouching_taken_earlier(found.taken, out->taken);
	if (one < best || out->ca_name[0] == '\0')
		*out = found;
	else
		out->taken = found.taken;
	return one < best ? one : best;
}

/* It may be an issuing CA without its root. */
static enum vouching_chain
check_one(const struct vouching_trust *t, X509 *ca, STACK_OF(X509) * chain, uint64_t at_s,
    struct vouching_found *out)
{
	const enum vouching_use use = t != NULL ? t->use : VOUCHING_COLLECTOR;
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *built = NULL;
	enum vouching_chain result = VOUCHING_UNKNOWN;

	*out = (struct vouching_found){.reason = err_text(ERR_MEMORY)};
	if (store != NULL && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_STORE_add_cert(store, ca) == 1)
		result = verify(store, use, chain, at_s, true, &built, out);
	/* Why it fails: whatever the time and the strength are, or for these. */
	if (result == VOUCHING_FOREIGN) {
		const struct vouching_found found = *out;

		result = verify(store, use, chain, at_s, false, &built, out);
		if (result == VOUCHING_GOOD) {
			result = VOUCHING_INVALID;
			*out = found;
		}
	}
	if (result == VOUCHING_GOOD && use == VOUCHING_LOG)
		result = check_usage(sk_X509_value(chain, 0), out);
	if (built != NULL)
		name_ca(built, out);
	if (built != NULL && t != NULL)
		result = check_revoked(t, built, at_s, result, out);
	sk_X509_pop_free(built, X509_free);
	X509_STORE_free(store);
	return result;
}

/* What a log's certificate says that its key is for. */
static enum vouching_chain
check_usage(X509 *x, struct vouching_found *out)
{
	const uint32_t tls = XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_SGC;
	const uint32_t usage = X509_get_key_usage(x), extended = X509_get_extended_key_usage(x);
	EXTENDED_KEY_USAGE *all = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	int others = 0; /* than those of TLS, also ones that OpenSSL has no bit for */

	for (int i = 0; i < sk_ASN1_OBJECT_num(all); i++) {
		const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(all, i));

		others += nid != NID_server_auth && nid != NID_client_auth;
	}
	sk_ASN1_OBJECT_pop_free(all, ASN1_OBJECT_free);
	if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		out->reason = "its key usage does not allow signatures";
	else if (extended != UINT32_MAX && (extended & tls) != 0 && others == 0)
		out->reason = "it is for TLS alone (extendedKeyUsage)";
	else
		return VOUCHING_GOOD;
	name_text(x, out->at_fault);
	return VOUCHING_INVALID;
}

/*
 * A collector as the signer takes a client, whose certificate may be for nothing else. Not
 * `strictly`: whatever the time is, and however weak the keys and signatures are.
 */
static enum vouching_chain
verify(X509_STORE *store, enum vouching_use use, STACK_OF(X509) * chain, uint64_t at_s,
    bool strictly, STACK_OF(X509) * *built, struct vouching_found *out)
{
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	enum vouching_chain result = VOUCHING_UNKNOWN;

	if (check != NULL &&
	    X509_STORE_CTX_init(check, store, sk_X509_value(chain, 0), chain) == 1 &&
	    (use == VOUCHING_LOG ||
		X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_CLIENT) == 1)) {
		X509_VERIFY_PARAM_set_auth_level(
		    X509_STORE_CTX_get0_param(check), strictly ? STRENGTH_LEVEL : 0);
		if (strictly)
			X509_STORE_CTX_set_time(check, 0, (time_t)at_s);
		else
			X509_STORE_CTX_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
		result = X509_verify_cert(check) == 1 ? VOUCHING_GOOD : VOUCHING_FOREIGN;
		out->reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check));
		if (result == VOUCHING_FOREIGN && X509_STORE_CTX_get_current_cert(check) != NULL)
			name_text(X509_STORE_CTX_get_current_cert(check), out->at_fault);
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

	if (size > 0)
		digest_of(der, (size_t)size, &out->ca);
	name_text(ca, out->ca_name);
	OPENSSL_free(der);
}

static void
name_text(X509 *x, char to[VOUCHING_NAME_SIZE])
{
	BIO *name = BIO_new(BIO_s_mem());
	int got = 0;

	if (name != NULL && X509_NAME_print_ex(name, X509_get_subject_name(x), 0,
				XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		got = BIO_read(name, to, VOUCHING_NAME_SIZE - 1);
	to[got > 0 ? got : 0] = '\0';
	BIO_free(name);
}

/*
 * A list counts for what its issuer has issued, from the time on that it names for each. A CA that
 * is named may be another's: what that one has revoked is looked up too.
 */
static enum vouching_chain
check_revoked(const struct vouching_trust *t, STACK_OF(X509) * built, uint64_t at_s,
    enum vouching_chain so_far, struct vouching_found *out)
{
	const int count = sk_X509_num(built);

	for (int i = 0; so_far != VOUCHING_REVOKED && i < count; i++) {
		X509 *certificate = sk_X509_value(built, i);
		X509 *issuer = i + 1 < count ? sk_X509_value(built, i + 1) : NULL;

		/* A root's word about itself says nothing. */
		if (issuer == NULL && X509_self_signed(certificate, 0) == 1)
			continue;
		for (size_t k = 0; so_far != VOUCHING_REVOKED && k < t->list_count; k++) {
			const enum vouching_chain one =
			    check_list(t->use, t->list[k], certificate, issuer, at_s, out);

			if (one > so_far)
				so_far = one;
		}
	}
	return so_far;
}

/* A list by another key of the issuer's proves nothing here, and hides nothing. */
static enum vouching_chain
check_list(enum vouching_use use, struct revocation_list *l, X509 *certificate, const X509 *issuer,
    uint64_t at_s, struct vouching_found *out)
{
	const bool own = issuer != NULL && revocation_list_is_by(l, issuer);
	struct revocation how;

	if (X509_NAME_cmp(revocation_list_issuer(l), X509_get_issuer_name(certificate)) != 0)
		return VOUCHING_GOOD;
	/* Another CA of this name, or somebody who would hide a revocation. */
	if (own && !revocation_list_verify(l, issuer)) {
		out->reason = "a revocation list in its name is signed by another key";
		return VOUCHING_UNKNOWN;
	}
	if (!revocation_list_has(l, X509_get0_serialNumber(certificate), &how))
		return VOUCHING_GOOD;
	if (use == VOUCHING_LOG && how.key_taken)
		out->taken = vouching_taken_earlier(out->taken,
		    (struct vouching_taken){true, how.since_s > 0 ? (uint64_t)how.since_s : 0});
	if (how.since_s > (int64_t)at_s)
		return VOUCHING_GOOD;
	out->reason = own ? "revoked before that"
			  : "in a revocation list that cannot be verified by its issuer's key";
	return own ? VOUCHING_REVOKED : VOUCHING_UNKNOWN;
}

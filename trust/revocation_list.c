#include "trust/revocation_list.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "proto/digest.h"
#include "trust/certificate_text.h"
#include "trust/crypto_reason.h"

/* Numbers and their places in 32 bits; a file is smaller (trust/pem_blocks.h). */
#define SERIAL_SIZE_MAX 255 /* bytes; RFC 5280 allows 20 */
#define DATE_SIZE       sizeof(int64_t)
#define HOW_SIZE        (DATE_SIZE + 1) /* a date, and whether the key was taken */

struct revocation_list {
	X509_NAME *issuer;
	AUTHORITY_KEYID *key;      /* which of the issuer's; NULL: not said */
	ISSUING_DIST_POINT *scope; /* NULL: all that the issuer has issued */
	struct buf scope_der;      /* to compare it by */
	bool delta;
	int64_t from_s, to_s;
	uint8_t *serials; /* each a byte with its size, the number, and HOW_SIZE bytes */
	uint32_t *place;  /* of each in `serials`; sorted by what is there */
	size_t count;
	pthread_mutex_t lock; /* of what follows */
	atomic_bool good;     /* read without it */
	struct buf signed_bytes;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
	struct digest refused; /* the key that was tried last, and had not signed it */
	bool any_refused;
};

static const char *take_extensions(struct revocation_list *l, X509_CRL *crl);
static const char *take_scope(struct revocation_list *l, X509_CRL *crl);
static const char *take_entries(struct revocation_list *l, X509_CRL *crl);
static const char *check_entry(const X509_REVOKED *entry);
static bool is_lifted(const X509_REVOKED *entry);
static bool is_key_taken(const X509_REVOKED *entry);
static long reason_of(const X509_REVOKED *entry);
static int64_t begins_s(const X509_REVOKED *entry);
static int by_serial(const void *a, const void *b, void *serials);
static int compare(const uint8_t *a, const uint8_t *b);
static const char *keep_signature(struct revocation_list *l, X509_CRL *crl, struct view der);
static bool is_signed(const struct revocation_list *l, const X509 *issuer);
static bool has_point(const DIST_POINT_NAME *wanted, X509 *certificate);

enum err
revocation_list_parse(struct view der, struct revocation_list **out, const char **why)
{
	struct revocation_list *l = calloc(1, sizeof(*l));
	const unsigned char *p = der.data;
	X509_CRL *crl;

	*out = NULL;
	if (l == NULL)
		return ERR_MEMORY;
	l->scope_der = BUF_INIT;
	l->signed_bytes = BUF_INIT;
	pthread_mutex_init(&l->lock, NULL);
	ERR_clear_error();
	crl = d2i_X509_CRL(NULL, &p, (long)der.size);
	if (crl == NULL || p != der.data + der.size)
		*why = "it cannot be read";
	else if ((l->issuer = X509_NAME_dup(X509_CRL_get_issuer(crl))) == NULL)
		*why = "its issuer cannot be read";
	else if ((*why = take_extensions(l, crl)) == NULL && (*why = take_entries(l, crl)) == NULL)
		*why = keep_signature(l, crl, der);
	if (*why == NULL) {
		l->from_s = certificate_date_s(X509_CRL_get0_lastUpdate(crl));
		l->to_s = certificate_date_s(X509_CRL_get0_nextUpdate(crl));
		*out = l;
		l = NULL; /* moved */
	}
	X509_CRL_free(crl);
	ERR_clear_error();
	revocation_list_free(&l);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

void
revocation_list_free(struct revocation_list **lp)
{
	struct revocation_list *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	X509_NAME_free(l->issuer);
	AUTHORITY_KEYID_free(l->key);
	ISSUING_DIST_POINT_free(l->scope);
	buf_free(&l->scope_der);
	buf_free(&l->signed_bytes);
	X509_ALGOR_free(l->algorithm);
	ASN1_BIT_STRING_free(l->signature);
	free(l->serials);
	free(l->place);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

const X509_NAME *
revocation_list_issuer(const struct revocation_list *l)
{
	return l->issuer;
}

int64_t
revocation_list_from_s(const struct revocation_list *l)
{
	return l->from_s;
}

int64_t
revocation_list_to_s(const struct revocation_list *l)
{
	return l->to_s;
}

bool
revocation_list_is_delta(const struct revocation_list *l)
{
	return l->delta;
}

bool
revocation_list_is_alike(const struct revocation_list *a, const struct revocation_list *b)
{
	const ASN1_OCTET_STRING *x = a->key != NULL ? a->key->keyid : NULL;
	const ASN1_OCTET_STRING *y = b->key != NULL ? b->key->keyid : NULL;

	return X509_NAME_cmp(a->issuer, b->issuer) == 0 && a->delta == b->delta &&
	       view_equal(buf_view(&a->scope_der), buf_view(&b->scope_der)) &&
	       (x == NULL || y == NULL ? x == y : ASN1_OCTET_STRING_cmp(x, y) == 0);
}

bool
revocation_list_has(
    const struct revocation_list *l, const ASN1_INTEGER *serial, struct revocation *out)
{
	uint8_t wanted[1 + SERIAL_SIZE_MAX];
	const int size = ASN1_STRING_length(serial);
	size_t from = 0, to = l->count;

	if (size > SERIAL_SIZE_MAX)
		return false;
	wanted[0] = (uint8_t)size;
	memcpy(wanted + 1, ASN1_STRING_get0_data(serial), (size_t)size);
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		const uint8_t *found = l->serials + l->place[middle];
		const int order = compare(wanted, found);

		if (order == 0 && out != NULL) {
			memcpy(&out->since_s, found + 1 + size, DATE_SIZE);
			out->key_taken = found[1 + (size_t)size + DATE_SIZE] != 0;
		}
		if (order == 0)
			return true;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

bool
revocation_list_is_by(const struct revocation_list *l, const X509 *issuer)
{
	return X509_NAME_cmp(l->issuer, X509_get_subject_name(issuer)) == 0 &&
	       (l->key == NULL || X509_check_akid(issuer, l->key) == X509_V_OK);
}

bool
revocation_list_is_good(const struct revocation_list *l)
{
	return atomic_load(&l->good);
}

bool
revocation_list_verify(struct revocation_list *l, const X509 *issuer)
{
	struct digest key;
	unsigned char *der = NULL;
	bool good;
	int size;

	if (revocation_list_is_good(l))
		return true;
	/* A CA may be one that does not sign lists (RFC 5280, section 4.2.1.3). */
	if ((X509_get_key_usage((X509 *)(uintptr_t)issuer) & KU_CRL_SIGN) == 0)
		return false;
	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &der);
	if (size <= 0)
		return false;
	digest_of(der, (size_t)size, &key);
	OPENSSL_free(der);
	pthread_mutex_lock(&l->lock);
	good = revocation_list_is_good(l);
	if (!good && (!l->any_refused || !digest_equal(&l->refused, &key))) {
		good = is_signed(l, issuer);
		l->any_refused = !good;
		l->refused = key;
	}
	if (good) {
		atomic_store(&l->good, true);
		buf_free(&l->signed_bytes);
	}
	pthread_mutex_unlock(&l->lock);
	return good;
}

bool
revocation_list_covers(const struct revocation_list *l, X509 *certificate)
{
	const bool is_ca = X509_check_ca(certificate) != 0;

	if (l->delta)
		return false; /* it adds to another, which does */
	if (l->scope == NULL)
		return true;
	if ((l->scope->onlyuser > 0 && is_ca) || (l->scope->onlyCA > 0 && !is_ca))
		return false;
	return l->scope->distpoint == NULL || has_point(l->scope->distpoint, certificate);
}

/* NULL, or what is wrong. */
static const char *
take_extensions(struct revocation_list *l, X509_CRL *crl)
{
	l->key = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);

		switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
		case NID_delta_crl:
			l->delta = true;
			break;
		case NID_issuing_distribution_point:
		case NID_authority_key_identifier:
		case NID_crl_number:
			break;
		default:
			if (X509_EXTENSION_get_critical(extension))
				return "it has a critical extension that is not known";
		}
	}
	return take_scope(l, crl);
}

static const char *
take_scope(struct revocation_list *l, X509_CRL *crl)
{
	const int at = X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1);
	const ASN1_OCTET_STRING *bytes;

	if (at < 0)
		return NULL;
	bytes = X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at));
	buf_append(&l->scope_der, ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes));
	l->scope = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
	if (l->scope == NULL)
		return "its issuing distribution point cannot be read";
	if (l->scope->indirectCRL > 0)
		return "it is an indirect list, which speaks for other CAs than its own";
	if (l->scope->onlyattr > 0)
		return "it is about attribute certificates";
	return NULL;
}

static const char *
take_entries(struct revocation_list *l, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
	const int count = sk_X509_REVOKED_num(entries) > 0 ? sk_X509_REVOKED_num(entries) : 0;
	size_t size = 0;

	for (int i = 0; i < count; i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
		const int bytes = ASN1_STRING_length(X509_REVOKED_get0_serialNumber(entry));
		const char *why = check_entry(entry);

		if (why != NULL)
			return why;
		if (bytes > SERIAL_SIZE_MAX)
			return "a serial number in it is too long";
		size += 1 + (size_t)bytes + HOW_SIZE;
	}
	l->serials = malloc(size + 1);
	l->place = calloc((size_t)count + 1, sizeof(*l->place));
	if (l->serials == NULL || l->place == NULL)
		return "there is no memory for it";
	size = 0;
	for (int i = 0; i < count; i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
		const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(entry);
		const int64_t since_s = begins_s(entry);

		if (l->delta && is_lifted(entry))
			continue;
		l->place[l->count++] = (uint32_t)size;
		l->serials[size++] = (uint8_t)ASN1_STRING_length(serial);
		memcpy(l->serials + size, ASN1_STRING_get0_data(serial),
		    (size_t)ASN1_STRING_length(serial));
		size += (size_t)ASN1_STRING_length(serial);
		memcpy(l->serials + size, &since_s, DATE_SIZE);
		size += DATE_SIZE;
		l->serials[size++] = is_key_taken(entry);
	}
	qsort_r(l->place, l->count, sizeof(*l->place), by_serial, l->serials);
	return NULL;
}

static const char *
check_entry(const X509_REVOKED *entry)
{
	for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
		X509_EXTENSION *extension = X509_REVOKED_get_ext(entry, i);

		switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
		case NID_crl_reason:
		case NID_invalidity_date:
		case NID_hold_instruction_code:
			break;
		case NID_certificate_issuer:
			return "it is an indirect list, which speaks for other CAs than its own";
		default:
			if (X509_EXTENSION_get_critical(extension))
				return "an entry has a critical extension that is not known";
		}
	}
	return NULL;
}

/* In a delta list: revoked no more. That is believed of the next whole list alone. */
static bool
is_lifted(const X509_REVOKED *entry)
{
	return reason_of(entry) == CRL_REASON_REMOVE_FROM_CRL;
}

static bool
is_key_taken(const X509_REVOKED *entry)
{
	const long reason = reason_of(entry);

	return reason == CRL_REASON_KEY_COMPROMISE || reason == CRL_REASON_CA_COMPROMISE ||
	       reason == CRL_REASON_AA_COMPROMISE;
}

static long
reason_of(const X509_REVOKED *entry)
{
	ASN1_ENUMERATED *given = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	const long reason = given != NULL ? ASN1_ENUMERATED_get(given) : CRL_REASON_UNSPECIFIED;

	ASN1_ENUMERATED_free(given);
	return reason;
}

/* A CA that says since when the key may be another's means that (RFC 5280, section 5.3.2). */
static int64_t
begins_s(const X509_REVOKED *entry)
{
	const int64_t revoked_s = certificate_date_s(X509_REVOKED_get0_revocationDate(entry));
	ASN1_GENERALIZEDTIME *date =
	    X509_REVOKED_get_ext_d2i(entry, NID_invalidity_date, NULL, NULL);
	const int64_t invalid_s = date != NULL ? certificate_date_s(date) : revoked_s;

	ASN1_GENERALIZEDTIME_free(date);
	return invalid_s < revoked_s ? invalid_s : revoked_s;
}

static int
by_serial(const void *a, const void *b, void *serials)
{
	const uint8_t *bytes = serials;

	return compare(bytes + *(const uint32_t *)a, bytes + *(const uint32_t *)b);
}

static int
compare(const uint8_t *a, const uint8_t *b)
{
	return *a != *b ? *a - *b : memcmp(a + 1, b + 1, *a);
}

/* Until a CA is there that has signed it: the list itself is freed. */
static const char *
keep_signature(struct revocation_list *l, X509_CRL *crl, struct view der)
{
	const unsigned char *p = der.data, *begin;
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *algorithm;
	int tag, class;
	long size;

	/* The outer sequence, then the one that is signed: with its head. */
	if ((ASN1_get_object(&p, &size, &tag, &class, (long)der.size) & 0x80) != 0)
		return "it cannot be read";
	begin = p;
	if ((ASN1_get_object(&p, &size, &tag, &class, size) & 0x80) != 0)
		return "it cannot be read";
	buf_append(&l->signed_bytes, begin, (size_t)(p - begin) + (size_t)size);
	X509_CRL_get0_signature(crl, &signature, &algorithm);
	l->algorithm = X509_ALGOR_dup(algorithm);
	l->signature = ASN1_STRING_dup(signature);
	return buf_status(&l->signed_bytes) == ERR_OK && l->algorithm != NULL &&
		       l->signature != NULL
		   ? NULL
		   : "there is no memory for it";
}

/* With OpenSSL's default context, which has all algorithms; the key is taken over into it. */
static bool
is_signed(const struct revocation_list *l, const X509 *issuer)
{
	const unsigned char *p;
	unsigned char *der = NULL;
	const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &der);
	ASN1_TYPE *bytes = ASN1_TYPE_new();
	ASN1_STRING *string = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
	EVP_PKEY *key = NULL;
	bool good;

	p = der;
	if (size > 0)
		key = d2i_PUBKEY(NULL, &p, size);
	good = key != NULL && bytes != NULL && string != NULL &&
	       ASN1_STRING_set(string, l->signed_bytes.data, (int)l->signed_bytes.size) == 1;
	if (good) {
		ASN1_TYPE_set(bytes, V_ASN1_SEQUENCE, string);
		string = NULL; /* moved */
		good = ASN1_item_verify(
			   ASN1_ITEM_rptr(ASN1_ANY), l->algorithm, l->signature, bytes, key) == 1;
	}
	ERR_clear_error();
	ASN1_STRING_free(string);
	ASN1_TYPE_free(bytes);
	EVP_PKEY_free(key);
	OPENSSL_free(der);
	return good;
}

/* Names of another form than the usual one are not compared: the list is taken to be about it. */
static bool
has_point(const DIST_POINT_NAME *wanted, X509 *certificate)
{
	CRL_DIST_POINTS *points =
	    X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
	bool found = wanted->type != 0;

	for (int i = 0; i < sk_DIST_POINT_num(points) && !found; i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);

		if (point->distpoint == NULL || point->distpoint->type != 0)
			continue;
		for (int a = 0; a < sk_GENERAL_NAME_num(wanted->name.fullname); a++)
			for (int b = 0; b < sk_GENERAL_NAME_num(point->distpoint->name.fullname);
			     b++)
				found = found || GENERAL_NAME_cmp(sk_GENERAL_NAME_value(
								      wanted->name.fullname, a),
						     sk_GENERAL_NAME_value(
							 point->distpoint->name.fullname, b)) == 0;
	}
	CRL_DIST_POINTS_free(points);
	return found;
}

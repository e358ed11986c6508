/*
 * Chains, CAs and revocation lists in memory: what is accepted, in which words not, and how much of
 * a large list is left when it is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "trust/pem_blocks.h"
#include "trust/verifier.h"

/* A CA and what it has issued. */
struct made {
	EVP_PKEY *key;
	X509 *certificate;
};

static long serials = 1000;

static struct made
make(const char *name, const struct made *by, bool is_ca, long ends_s)
{
	struct made m = {EVP_EC_gen("P-256"), X509_new()};
	const struct made *issuer = by != NULL ? by : &m;
	X509_EXTENSION *extension;

	assert_int_equal(X509_set_version(m.certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(m.certificate), ++serials);
	X509_gmtime_adj(X509_getm_notBefore(m.certificate), ends_s < 0 ? 2 * ends_s : -60);
	X509_gmtime_adj(X509_getm_notAfter(m.certificate), ends_s);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(m.certificate), "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(m.certificate, X509_get_subject_name(issuer->certificate));
	X509_set_pubkey(m.certificate, m.key);
	if (is_ca) {
		extension =
		    X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
		X509_add_ext(m.certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	assert_true(X509_sign(m.certificate, issuer->key, EVP_sha256()) > 0);
	return m;
}

static void
unmake(struct made *m)
{
	EVP_PKEY_free(m->key);
	X509_free(m->certificate);
}

static void
append(struct buf *pem, BIO *bio)
{
	char *text;
	const long size = BIO_get_mem_data(bio, &text);

	buf_append(pem, text, (size_t)size);
	BIO_free(bio);
}

static struct authorities *
trusting(const struct made *one, const struct made *other)
{
	struct faults faults = FAULTS_INIT;
	struct authorities *a = NULL;
	struct buf pem = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, one->certificate);
	if (other != NULL)
		PEM_write_bio_X509(bio, other->certificate);
	append(&pem, bio);
	assert_int_equal(authorities_parse("f", "k", buf_view(&pem), NULL, &faults, &a), ERR_OK);
	buf_free(&pem);
	return a;
}

/* Of `by`, with so many others' serial numbers and, unless it is NULL, that of one certificate. */
static void
append_list_from(struct buf *pem, const struct made *by, long others, const X509 *gone,
    long begins_s, long ends_s)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, begins_s), *to = X509_gmtime_adj(NULL, ends_s);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->certificate));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, to);
	for (long i = 0; i < others + (gone != NULL ? 1 : 0); i++) {
		X509_REVOKED *entry = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set(serial, 1000000 + (i * 7919) % 1000003);
		X509_REVOKED_set_serialNumber(entry,
		    i < others ? serial : (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(gone));
		X509_REVOKED_set_revocationDate(entry, from);
		X509_CRL_add0_revoked(crl, entry);
		ASN1_INTEGER_free(serial);
	}
	assert_true(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
	PEM_write_bio_X509_CRL(bio, crl);
	append(pem, bio);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
}

static void
append_list(struct buf *pem, const struct made *by, long others, const X509 *gone, long ends_s)
{
	append_list_from(pem, by, others, gone, -3600, ends_s);
}

static struct revocations *
lists(const struct buf *pem, const struct authorities *a)
{
	struct faults faults = FAULTS_INIT;
	struct revocations *r = NULL;

	assert_int_equal(revocations_parse("f", "k", buf_view(pem), a, &faults, &r), ERR_OK);
	return r;
}

static bool
accepts(struct authorities *a, struct revocations *r, const struct made *leaf,
    const struct made *sent, char why[VERIFIER_REASON_SIZE])
{
	X509_STORE *store = verifier_new(a, r);
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool accepted;

	assert_non_null(store);
	if (sent != NULL)
		sk_X509_push(chain, sent->certificate);
	accepted = verifier_accepts(store, leaf->certificate, chain, "ssl_client", why);
	sk_X509_free(chain);
	X509_STORE_free(store);
	return accepted;
}

static void
test_a_revoked_one_is_found_among_many(void **state)
{
	struct made ca = make("ca", NULL, true, 3600);
	struct made gone = make("gone", &ca, false, 3600), good = make("good", &ca, false, 3600);
	struct authorities *a = trusting(&ca, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &ca, 5000, gone.certificate, 3600);
	r = lists(&pem, a);
	assert_true(revocation_list_is_good(revocations_at(r, 0)));
	for (long i = 0; i < 5000; i++) {
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set(serial, 1000000 + (i * 7919) % 1000003);
		assert_true(revocation_list_has(revocations_at(r, 0), serial, NULL));
		ASN1_INTEGER_set(serial, 3000000 + i);
		assert_false(revocation_list_has(revocations_at(r, 0), serial, NULL));
		ASN1_INTEGER_free(serial);
	}
	assert_true(accepts(trusting(&ca, NULL), r, &good, NULL, why));
	assert_false(accepts(trusting(&ca, NULL), r, &gone, NULL, why));
	assert_non_null(strstr(why, "certificate revoked: CN=gone (serial "));
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&ca);
	unmake(&gone);
	unmake(&good);
}

static void
test_what_a_revoked_ca_issued_is_refused(void **state)
{
	struct made root = make("root", NULL, true, 3600), inter = make("inter", &root, true, 3600);
	struct made leaf = make("leaf", &inter, false, 3600);
	struct authorities *a = trusting(&root, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &root, 3, inter.certificate, 3600);
	r = lists(&pem, a);
	assert_false(accepts(trusting(&root, NULL), r, &leaf, &inter, why));
	assert_non_null(strstr(why, "certificate revoked: CN=inter (serial "));
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&root);
	unmake(&inter);
	unmake(&leaf);
}

/* Who no longer trusts it takes it out of the file. */
static void
test_a_roots_word_about_itself_says_nothing(void **state)
{
	struct made root = make("root", NULL, true, 3600), leaf = make("leaf", &root, false, 3600);
	struct authorities *a = trusting(&root, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &root, 3, root.certificate, 3600);
	r = lists(&pem, a);
	assert_true(accepts(trusting(&root, NULL), r, &leaf, NULL, why));
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&root);
	unmake(&leaf);
}

static void
test_a_ca_that_is_over_is_blamed(void **state)
{
	struct made ca = make("ca", NULL, true, -3600), leaf = make("leaf", &ca, false, 3600);
	struct authorities *a = trusting(&ca, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &ca, 1, NULL, 3600);
	r = lists(&pem, a);
	assert_false(accepts(trusting(&ca, NULL), r, &leaf, NULL, why));
	assert_non_null(strstr(why, "certificate has expired: CN=ca"));
	assert_non_null(strstr(why, ", which ended "));
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&ca);
	unmake(&leaf);
}

/* A CA of the same name, which anybody can make, has nobody's list verified or refused. */
static void
test_a_false_ca_of_the_name_is_not_even_asked(void **state)
{
	struct made root = make("root", NULL, true, 3600), inter = make("inter", &root, true, 3600);
	struct made evil = make("evil", NULL, true, 3600);
	struct made false_inter = make("inter", &evil, true, 3600);
	struct made leaf = make("leaf", &inter, false, 3600);
	struct made false_leaf = make("leaf", &false_inter, false, 3600);
	struct authorities *a = trusting(&root, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &inter, 3, NULL, 3600);
	r = lists(&pem, a);
	assert_false(accepts(trusting(&root, NULL), r, &false_leaf, &false_inter, why));
	assert_non_null(strstr(why, "unable to get"));
	assert_false(revocation_list_is_good(revocations_at(r, 0)));
	assert_true(accepts(trusting(&root, NULL), r, &leaf, &inter, why));
	assert_true(revocation_list_is_good(revocations_at(r, 0)));
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&root);
	unmake(&inter);
	unmake(&evil);
	unmake(&false_inter);
	unmake(&leaf);
	unmake(&false_leaf);
}

static void
test_a_list_by_another_key_refuses_the_ca_that_is_shown(void **state)
{
	struct made root = make("root", NULL, true, 3600), inter = make("inter", &root, true, 3600);
	struct made other = make("inter", &root, true, 3600),
		    leaf = make("leaf", &inter, false, 3600);
	struct authorities *a = trusting(&root, NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	char why[VERIFIER_REASON_SIZE];

	(void)state;
	append_list(&pem, &other, 3, NULL, 3600);
	r = lists(&pem, a);
	for (int i = 0; i < 2; i++) {
		assert_false(accepts(trusting(&root, NULL), r, &leaf, &inter, why));
		assert_non_null(strstr(why, "CRL signature failure: CN=leaf"));
	}
	revocations_release(&r);
	authorities_free(&a);
	buf_free(&pem);
	unmake(&root);
	unmake(&inter);
	unmake(&other);
	unmake(&leaf);
}

static void
test_verdicts_change_when_something_ends(void **state)
{
	struct made ca = make("ca", NULL, true, 9000), other = make("other", NULL, true, 5000);
	struct authorities *a = trusting(&ca, &other);
	const int64_t now_s = (int64_t)time(NULL);
	struct buf pem = BUF_INIT;
	struct revocations *r;
	X509_STORE *store;

	(void)state;
	append_list(&pem, &ca, 1, NULL, 1000);
	r = lists(&pem, a);
	store = verifier_new(a, r);
	assert_in_range(verifier_next_change_s(store, now_s), now_s + 995, now_s + 1005);
	assert_in_range(verifier_next_change_s(store, now_s + 2000), now_s + 4995, now_s + 5005);
	assert_in_range(verifier_next_change_s(store, now_s + 6000), now_s + 8995, now_s + 9005);
	assert_true(verifier_next_change_s(store, now_s + 10000) == INT64_MAX);
	revocations_release(&r);
	X509_STORE_free(store);
	buf_free(&pem);
	unmake(&ca);
	unmake(&other);
}

static void
test_verdicts_change_when_something_begins(void **state)
{
	struct made ca = make("ca", NULL, true, 9000), next = make("next", NULL, true, 9000);
	const int64_t now_s = (int64_t)time(NULL);
	struct authorities *a;
	struct buf pem = BUF_INIT;
	struct revocations *r;
	X509_STORE *store;

	(void)state;
	X509_gmtime_adj(X509_getm_notBefore(next.certificate), 3000);
	assert_true(X509_sign(next.certificate, next.key, EVP_sha256()) > 0);
	a = trusting(&ca, &next);
	append_list_from(&pem, &ca, 1, NULL, 1000, 8000);
	r = lists(&pem, a);
	store = verifier_new(a, r);
	assert_in_range(verifier_next_change_s(store, now_s), now_s + 995, now_s + 1005);
	assert_in_range(verifier_next_change_s(store, now_s + 2000), now_s + 2995, now_s + 3005);
	revocations_release(&r);
	X509_STORE_free(store);
	buf_free(&pem);
	unmake(&ca);
	unmake(&next);
}

static void
test_files_that_are_cut_are_no_shorter_files(void **state)
{
	struct made ca = make("ca", NULL, true, 3600);
	struct authorities *a;
	struct revocations *r;
	struct buf pem = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());
	size_t one;

	(void)state;
	PEM_write_bio_X509(bio, ca.certificate);
	append(&pem, bio);
	one = pem.size;
	append_list(&pem, &ca, 20, NULL, 3600);
	/* Without the last newline it is whole. */
	for (size_t size = 0; size < pem.size - 1; size += 7) {
		struct faults faults = FAULTS_INIT;
		const struct view cut = {pem.data, size};

		/* What is behind a whole certificate begins with the first line of a block. */
		if (authorities_parse("f", "k", cut, NULL, &faults, &a) == ERR_OK)
			assert_in_range(size, one - 1, one + sizeof("-----BEGIN X509 CRL-----"));
		authorities_free(&a);
		assert_int_equal(revocations_parse("f", "k", cut, NULL, &faults, &r), ERR_CONFIG);
		assert_null(r);
		assert_true(faults.count > 0);
		faults_free(&faults);
	}
	buf_free(&pem);
	unmake(&ca);
}

static bool
take_der(void *context, const char *name, struct view der)
{
	struct revocations **whole = context;
	struct faults faults = FAULTS_INIT;
	struct revocations *r;

	assert_string_equal(name, PEM_STRING_X509_CRL);
	assert_int_equal(revocations_parse("f", "k", der, NULL, &faults, whole), ERR_OK);
	for (size_t size = 1; size < der.size; size += 5) {
		const struct view cut = {der.data, size};

		assert_int_equal(revocations_parse("f", "k", cut, NULL, &faults, &r), ERR_CONFIG);
		assert_null(r);
	}
	faults_free(&faults);
	return false;
}

static void
test_a_list_in_der_is_one_too(void **state)
{
	struct made ca = make("ca", NULL, true, 3600), gone = make("gone", &ca, false, 3600);
	struct revocations *lists;
	struct buf pem = BUF_INIT;

	(void)state;
	append_list(&pem, &ca, 20, gone.certificate, 3600);
	assert_int_equal(pem_blocks_each(buf_view(&pem), take_der, &lists), ERR_OK);
	assert_int_equal(revocations_count(lists), 1);
	assert_int_equal(revocations_check(lists, gone.certificate, ca.certificate, time(NULL)),
	    X509_V_ERR_CERT_REVOKED);
	revocations_release(&lists);
	buf_free(&pem);
	unmake(&gone);
	unmake(&ca);
}

/* The number that DER begins with is a "0" in text. */
static void
test_text_before_a_list_in_pem_is_passed_over(void **state)
{
	struct made ca = make("ca", NULL, true, 3600);
	struct buf pem = BUF_INIT;
	struct revocations *r;

	(void)state;
	buf_append_string(&pem, "0 revoked\n");
	append_list(&pem, &ca, 0, NULL, 3600);
	r = lists(&pem, NULL);
	assert_int_equal(revocations_count(r), 1);
	revocations_release(&r);
	buf_free(&pem);
	unmake(&ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_revoked_one_is_found_among_many),
	    cmocka_unit_test(test_what_a_revoked_ca_issued_is_refused),
	    cmocka_unit_test(test_a_roots_word_about_itself_says_nothing),
	    cmocka_unit_test(test_a_ca_that_is_over_is_blamed),
	    cmocka_unit_test(test_a_false_ca_of_the_name_is_not_even_asked),
	    cmocka_unit_test(test_a_list_by_another_key_refuses_the_ca_that_is_shown),
	    cmocka_unit_test(test_verdicts_change_when_something_ends),
	    cmocka_unit_test(test_verdicts_change_when_something_begins),
	    cmocka_unit_test(test_files_that_are_cut_are_no_shorter_files),
	    cmocka_unit_test(test_a_list_in_der_is_one_too),
	    cmocka_unit_test(test_text_before_a_list_in_pem_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

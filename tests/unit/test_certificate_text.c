/* Names and dates of certificates, for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "trust/certificate_text.h"

static X509_NAME *
name_of(const char *value)
{
	X509_NAME *name = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(
			     name, "O", MBSTRING_UTF8, (const unsigned char *)"Bank", -1, -1, 0),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_txt(
			     name, "CN", MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0),
	    1);
	return name;
}

static void
expect(const char *value, const char *text)
{
	char to[CERTIFICATE_NAME_SIZE];
	X509_NAME *name = name_of(value);

	assert_string_equal(certificate_name(name, to), text);
	X509_NAME_free(name);
}

static void
test_names_are_printable_and_cut(void **state)
{
	char to[CERTIFICATE_NAME_SIZE], text[CERTIFICATE_TEXT_SIZE];
	X509_NAME *name = X509_NAME_new();
	X509 *x = X509_new();

	(void)state;
	expect("host1", "CN=host1,O=Bank");
	expect("a, b", "CN=a, b,O=Bank");
	expect("Z\xc3\xbcrich", "CN=Z\xc3\xbcrich,O=Bank");
	expect("a\nlevel=error", "CN=a\\x0alevel=error,O=Bank");
	assert_string_equal(certificate_name(name, to), "(no name)");
	for (int i = 0; i < 5; i++)
		X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC,
		    (const unsigned char
			    *)"0123456789012345678901234567890123456789012345678901234567",
		    -1, -1, 0);
	assert_int_equal(strlen(certificate_name(name, to)), CERTIFICATE_NAME_SIZE - 1);
	assert_string_equal(to + CERTIFICATE_NAME_SIZE - 4, "...");
	X509_set_subject_name(x, name);
	X509_set_issuer_name(x, name);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 0x4a11);
	assert_non_null(strstr(certificate_text(x, text), "... (serial 4A11)"));
	X509_NAME_free(name);
	X509_free(x);
}

static void
test_who_issued_it_is_said_where_that_is_another(void **state)
{
	char text[CERTIFICATE_TEXT_SIZE];
	X509 *x = X509_new();
	X509_NAME *subject = name_of("host"), *issuer = name_of("CA");

	(void)state;
	X509_set_subject_name(x, subject);
	X509_set_issuer_name(x, issuer);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	assert_string_equal(
	    certificate_text(x, text), "CN=host,O=Bank (serial 01, issued by CN=CA,O=Bank)");
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	X509_free(x);
}

static void
test_dates(void **state)
{
	ASN1_TIME *date = ASN1_TIME_new();

	(void)state;
	assert_true(certificate_date_s(NULL) == INT64_MAX);
	assert_int_equal(ASN1_TIME_set_string(date, "20260131120000Z"), 1);
	assert_int_equal(certificate_date_s(date), 1769860800);
	assert_int_equal(ASN1_TIME_set_string(date, "99991231235959Z"), 1);
	assert_int_equal(certificate_date_s(date), 253402300799);
	ASN1_TIME_free(date);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_are_printable_and_cut),
	    cmocka_unit_test(test_who_issued_it_is_said_where_that_is_another),
	    cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

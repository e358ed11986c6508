/* What OpenSSL's queue of errors says, without what only names its libraries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "trust/alert.h"
#include "trust/crypto_reason.h"

static void
test_the_first_reason_that_is_one(void **state)
{
	(void)state;
	ERR_clear_error();
	ERR_raise(ERR_LIB_X509, ERR_R_EVP_LIB);
	ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
	ERR_raise(ERR_LIB_PEM, ERR_R_X509_LIB);
	assert_string_equal(crypto_reason(), "key values mismatch");
	assert_int_equal(ERR_peek_error(), 0); /* emptied */
}

static void
test_the_newest_reason_that_is_one(void **state)
{
	(void)state;
	ERR_raise(ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH);
	ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
	ERR_raise(ERR_LIB_ASN1, ERR_R_EVP_LIB);
	assert_string_equal(crypto_reason_newest(), "key values mismatch");
	assert_null(crypto_reason_newest());
}

static void
test_names_of_libraries_are_no_reason(void **state)
{
	(void)state;
	ERR_clear_error();
	ERR_raise(ERR_LIB_SSL, ERR_R_EVP_LIB);
	ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
	assert_null(crypto_reason());
	assert_null(crypto_reason());
}

static void
test_reasons_that_all_libraries_share_are(void **state)
{
	(void)state;
	ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
	assert_string_equal(crypto_reason(), "malloc failure");
	ERR_raise(ERR_LIB_SYS, ENOENT);
	assert_string_equal(crypto_reason(), "No such file or directory");
}

static void
test_alerts_in_the_words_of_tls(void **state)
{
	(void)state;
	ERR_clear_error();
	assert_null(alert_received());
	ERR_raise(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_REVOKED);
	assert_string_equal(alert_received(), "certificate revoked");
	assert_true(ERR_peek_error() != 0); /* stays */
	ERR_clear_error();
	ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
	assert_null(alert_received());
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_first_reason_that_is_one),
	    cmocka_unit_test(test_the_newest_reason_that_is_one),
	    cmocka_unit_test(test_names_of_libraries_are_no_reason),
	    cmocka_unit_test(test_reasons_that_all_libraries_share_are),
	    cmocka_unit_test(test_alerts_in_the_words_of_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
